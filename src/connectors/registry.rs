//! The list of adapters, with each one's type forgotten.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{Answers, Face, FirstTime, Step, UpstreamError, Visitor};

/// One way of proving who you are.
pub trait Upstream: Send + Sync + 'static {
    /// Its name in addresses, in the log and in identities.
    const SLUG: &'static str;

    /// Whether [`Upstream::begin`] asks nobody and what it remembers can be made anew at will. Then
    /// looking at the form stores nothing, and answers may come without an attempt.
    const OPENS_PLAINLY: bool;

    /// Whether it asks somebody else, who may change, so that it has to be closed then.
    const CLOSES: bool = true;

    /// What it must remember between two forms. May hold a password the upstream wants twice: it has
    /// to wipe it when dropped, and is deliberately neither printable nor serialisable.
    type State: Send + 'static;

    fn face(&self) -> Face;

    /// What its records are called where a profile says who vouches for somebody: "from …".
    fn records(&self) -> &'static str {
        self.face().label
    }

    /// Where somebody begins who has never used it, if that is elsewhere. It is linked from there, too.
    fn first_time(&self) -> Option<FirstTime> {
        None
    }

    /// The first form.
    fn begin(
        &self,
        visitor: Visitor,
    ) -> impl Future<Output = Result<Step<Self::State>, UpstreamError>> + Send;

    /// Judges what was typed into the form that came with `state`.
    fn advance(
        &self,
        state: Self::State,
        answers: Answers,
        visitor: Visitor,
    ) -> impl Future<Output = Result<Step<Self::State>, UpstreamError>> + Send;
}

/// An adapter's `State`, its type forgotten.
pub struct Held(Box<dyn Any + Send>);

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held(…)")
    }
}

/// An adapter, its type forgotten. Cheap to clone.
#[derive(Clone)]
pub struct Way(Arc<dyn Forgotten>);

impl Way {
    pub fn slug(&self) -> &'static str {
        self.0.slug()
    }
    pub fn opens_plainly(&self) -> bool {
        self.0.opens_plainly()
    }
    /// Whether it asks somebody else, and is closed when they changed.
    pub fn closes(&self) -> bool {
        self.0.closes()
    }
    pub fn face(&self) -> Face {
        self.0.face()
    }
    /// [`Upstream::records`]
    pub fn records(&self) -> &'static str {
        self.0.records()
    }
    /// [`Upstream::first_time`]
    pub fn first_time(&self) -> Option<FirstTime> {
        self.0.first_time()
    }
    /// [`Upstream::begin`]
    pub async fn begin(&self, visitor: Visitor) -> Result<Step<Held>, UpstreamError> {
        self.0.begin(visitor).await
    }
    /// [`Upstream::advance`]
    pub async fn advance(
        &self,
        held: Held,
        answers: Answers,
        visitor: Visitor,
    ) -> Result<Step<Held>, UpstreamError> {
        self.0.advance(held, answers, visitor).await
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Way").field(&self.slug()).finish()
    }
}

/// Every way to sign in that is switched on; the first is the one the sign-in page opens with.
#[derive(Debug, Clone, Default)]
pub struct Registry(Vec<Way>);

impl Registry {
    #[must_use]
    pub fn with(mut self, adapter: impl Upstream) -> Self {
        self.0.push(Way(Arc::new(adapter)));
        self
    }

    pub fn first(&self) -> Option<&Way> {
        self.0.first()
    }

    pub fn named(&self, slug: &str) -> Option<&Way> {
        self.0.iter().find(|way| way.slug() == slug)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Way> {
        self.0.iter()
    }
}

type BoxedStep<'a> = Pin<Box<dyn Future<Output = Result<Step<Held>, UpstreamError>> + Send + 'a>>;

/// [`Upstream`] without its type: what a list can hold.
trait Forgotten: Send + Sync {
    fn slug(&self) -> &'static str;
    fn opens_plainly(&self) -> bool;
    fn closes(&self) -> bool;
    fn face(&self) -> Face;
    fn records(&self) -> &'static str;
    fn first_time(&self) -> Option<FirstTime>;
    fn begin(&self, visitor: Visitor) -> BoxedStep<'_>;
    fn advance(&self, held: Held, answers: Answers, visitor: Visitor) -> BoxedStep<'_>;
}

impl<U: Upstream> Forgotten for U {
    fn slug(&self) -> &'static str {
        U::SLUG
    }
    fn opens_plainly(&self) -> bool {
        U::OPENS_PLAINLY
    }
    fn closes(&self) -> bool {
        U::CLOSES
    }
    fn face(&self) -> Face {
        Upstream::face(self)
    }
    fn records(&self) -> &'static str {
        Upstream::records(self)
    }
    fn first_time(&self) -> Option<FirstTime> {
        Upstream::first_time(self)
    }
    fn begin(&self, visitor: Visitor) -> BoxedStep<'_> {
        Box::pin(async move { Ok(forget(Upstream::begin(self, visitor).await?)) })
    }
    fn advance(&self, held: Held, answers: Answers, visitor: Visitor) -> BoxedStep<'_> {
        Box::pin(async move {
            // Another adapter's state cannot come here; if it did, the attempt would be over.
            let state = held.0.downcast().map_err(|_| UpstreamError::Expired)?;
            Ok(forget(
                Upstream::advance(self, *state, answers, visitor).await?,
            ))
        })
    }
}

fn forget<S: Send + 'static>(step: Step<S>) -> Step<Held> {
    let held = |state: S| Held(Box::new(state));
    match step {
        Step::Ask { prompt, state } => Step::Ask {
            prompt,
            state: held(state),
        },
        Step::Done(identity) => Step::Done(identity),
        Step::Refused { why, again } => Step::Refused {
            why,
            again: again.map(|(prompt, state)| (prompt, held(state))),
        },
    }
}
