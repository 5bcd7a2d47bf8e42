//! The outcome: medians of the rounds, and how many times dearer the first side is than the second.

use std::time::Duration;

use super::load::Slice;

/// The line above what is measured.
pub(crate) fn head(first: &str, second: &str) -> String {
    let side = |name: &str| format!("{:>22}   p50 ms   p99 ms   cpu µs", format!("{name}: /s"));
    let (first, second) = (side(first), side(second));
    let line = "-".repeat(50);
    format!(
        "{:<14}|{first} |{second} | ratio: p50   mean    cpu\n{}|{line}|{line}|-------------------------",
        "what",
        "-".repeat(14)
    )
}

/// Which of the two programs that are measured against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    First,
    Second,
}

/// The rounds of one benchmark.
#[derive(Debug, Default)]
pub(crate) struct Row {
    first: Vec<Slice>,
    second: Vec<Slice>,
}

impl Row {
    /// Counts a turn, unless it was to warm up.
    pub(crate) fn add(&mut self, round: usize, side: Side, slice: Slice) {
        let slices = match side {
            Side::First => &mut self.first,
            Side::Second => &mut self.second,
        };
        if round > 0 {
            slices.push(slice);
        }
    }

    /// Time: the medians of each round's ratio of what a request takes. CPU: of the whole, since the
    /// kernel counts it in hundredths of a second.
    pub(crate) fn line(&self, name: &str) -> String {
        let ratio = |of: fn(&Slice) -> Duration| {
            let rounds = self.first.iter().zip(&self.second);
            median(rounds.map(|(first, second)| of(first).div_duration_f64(of(second))))
        };
        let (p50, mean) = (ratio(|it| it.p50), ratio(|it| it.mean));
        let cpu = cpu(&self.first) / cpu(&self.second);
        let (first, second) = (side(&self.first), side(&self.second));
        format!("{name:<14}|{first} |{second} | {p50:>10.2} {mean:>6.2} {cpu:>6.2}")
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
