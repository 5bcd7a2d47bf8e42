//! The outcome: medians of the rounds, and how many times dearer the house is than the bare program.

use std::time::Duration;

use super::load::Slice;

pub(crate) const HEAD: &str = "\
what          |          profiles: /s   p50 ms   p99 ms   cpu µs |              bare: /s   p50 ms   p99 ms   cpu µs | ratio: time    cpu
--------------|--------------------------------------------------|--------------------------------------------------|---------------------";

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Profiles,
    Bare,
}

/// The rounds of one benchmark.
#[derive(Debug, Default)]
pub(crate) struct Row {
    profiles: Vec<Slice>,
    bare: Vec<Slice>,
}

impl Row {
    /// Counts a turn, unless it was to warm up.
    pub(crate) fn add(&mut self, round: usize, side: Side, slice: Slice) {
        let slices = match side {
            Side::Profiles => &mut self.profiles,
            Side::Bare => &mut self.bare,
        };
        if round > 0 {
            slices.push(slice);
        }
    }

    /// Time: the median of each round's ratio of seconds per request. CPU: of the whole, since the
    /// kernel counts it in hundredths of a second.
    pub(crate) fn line(&self, name: &str) -> String {
        let rounds = self.profiles.iter().zip(&self.bare);
        let time = median(rounds.map(|(profiles, bare)| bare.per_second() / profiles.per_second()));
        let cpu = cpu(&self.profiles) / cpu(&self.bare);
        let (profiles, bare) = (side(&self.profiles), side(&self.bare));
        format!("{name:<14}|{profiles} |{bare} | {time:>11.2} {cpu:>6.2}")
    }
}

fn side(slices: &[Slice]) -> String {
    let millis =
        |of: fn(&Slice) -> Duration| median(slices.iter().map(|it| of(it).as_secs_f64() * 1e3));
    let per_second = median(slices.iter().map(Slice::per_second));
    let (p50, p99) = (millis(|it| it.p50), millis(|it| it.p99));
    format!(
        "{per_second:>22.0} {p50:>8.2} {p99:>8.2} {:>8.0}",
        cpu(slices)
    )
}

/// Of the server, per request, in microseconds.
fn cpu(slices: &[Slice]) -> f64 {
    let spent: Duration = slices.iter().map(|it| it.cpu).sum();
    let requests: u32 = slices.iter().map(|it| it.requests).sum();
    spent.as_secs_f64() * 1e6 / f64::from(requests)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
