//! The list of adapters, with each one's type forgotten.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{Answers, ConnectorError, ConnectorLabel, FirstTimeLink, RequestOrigin, Step};

/// One way of proving who you are.
pub trait Connector: Send + Sync + 'static {
    /// Its name in addresses, in the log and in identities.
    const SLUG: &'static str;

    /// Whether [`Connector::begin`] asks nobody and what it remembers can be made anew at will. Then
    /// looking at the form stores nothing, and answers may come without an attempt.
    const OPENS_PLAINLY: bool;

    /// Whether it asks somebody else, who may change, so that it has to be closed then.
    const CLOSES: bool = true;

    /// What it must remember between two forms. May hold a password the upstream wants twice: it has
    /// to wipe it when dropped, and is deliberately neither printable nor serialisable.
    type State: Send + 'static;

    fn face(&self) -> ConnectorLabel;

    /// What its records are called where a profile says who vouches for somebody: "from …".
    fn records(&self) -> &'static str {
        self.face().label
    }

    /// Where somebody begins who has never used it, if that is elsewhere. It is linked from there, too.
    fn first_time(&self) -> Option<FirstTimeLink> {
        None
    }

    /// The first form.
    fn begin(
        &self,
        visitor: RequestOrigin,
    ) -> impl Future<Output = Result<Step<Self::State>, ConnectorError>> + Send;

    /// Judges what was typed into the form that came with `state`.
    fn advance(
        &self,
        state: Self::State,
        answers: Answers,
        visitor: RequestOrigin,
    ) -> impl Future<Output = Result<Step<Self::State>, ConnectorError>> + Send;
}

/// An adapter's `State`, its type forgotten.
pub struct ConnectorState(Box<dyn Any + Send>);

impl fmt::Debug for ConnectorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held(…)")
    }
}

/// An adapter, its type forgotten. Cheap to clone.
#[derive(Clone)]
pub struct DynConnector(Arc<dyn ErasedConnector>);

impl DynConnector {
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
    pub fn face(&self) -> ConnectorLabel {
        self.0.face()
    }
    /// [`Connector::records`]
    pub fn records(&self) -> &'static str {
        self.0.records()
    }
    /// [`Connector::first_time`]
    pub fn first_time(&self) -> Option<FirstTimeLink> {
        self.0.first_time()
    }
    /// [`Connector::begin`]
    pub async fn begin(
        &self,
        visitor: RequestOrigin,
    ) -> Result<Step<ConnectorState>, ConnectorError> {
        self.0.begin(visitor).await
    }
    /// [`Connector::advance`]
    pub async fn advance(
        &self,
        held: ConnectorState,
        answers: Answers,
        visitor: RequestOrigin,
    ) -> Result<Step<ConnectorState>, ConnectorError> {
        self.0.advance(held, answers, visitor).await
    }
}

impl fmt::Debug for DynConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Way").field(&self.slug()).finish()
    }
}

/// Every way to sign in that is switched on; the first is the one the sign-in page opens with.
#[derive(Debug, Clone, Default)]
pub struct ConnectorRegistry(Vec<DynConnector>);

impl ConnectorRegistry {
    #[must_use]
    pub fn with(mut self, adapter: impl Connector) -> Self {
        self.0.push(DynConnector(Arc::new(adapter)));
        self
    }

    pub fn first(&self) -> Option<&DynConnector> {
        self.0.first()
    }

    pub fn named(&self, slug: &str) -> Option<&DynConnector> {
        self.0.iter().find(|way| way.slug() == slug)
    }

    pub fn iter(&self) -> impl Iterator<Item = &DynConnector> {
        self.0.iter()
    }
}

type BoxedStepFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Step<ConnectorState>, ConnectorError>> + Send + 'a>>;

/// [`Connector`] without its type: what a list can hold.
trait ErasedConnector: Send + Sync {
    fn slug(&self) -> &'static str;
    fn opens_plainly(&self) -> bool;
    fn closes(&self) -> bool;
    fn face(&self) -> ConnectorLabel;
    fn records(&self) -> &'static str;
    fn first_time(&self) -> Option<FirstTimeLink>;
    fn begin(&self, visitor: RequestOrigin) -> BoxedStepFuture<'_>;
    fn advance(
        &self,
        held: ConnectorState,
        answers: Answers,
        visitor: RequestOrigin,
    ) -> BoxedStepFuture<'_>;
}

impl<U: Connector> ErasedConnector for U {
    fn slug(&self) -> &'static str {
        U::SLUG
    }
    fn opens_plainly(&self) -> bool {
        U::OPENS_PLAINLY
    }
    fn closes(&self) -> bool {
        U::CLOSES
    }
    fn face(&self) -> ConnectorLabel {
        Connector::face(self)
    }
    fn records(&self) -> &'static str {
        Connector::records(self)
    }
    fn first_time(&self) -> Option<FirstTimeLink> {
        Connector::first_time(self)
    }
    fn begin(&self, visitor: RequestOrigin) -> BoxedStepFuture<'_> {
        Box::pin(async move { Ok(forget(Connector::begin(self, visitor).await?)) })
    }
    fn advance(
        &self,
        held: ConnectorState,
        answers: Answers,
        visitor: RequestOrigin,
    ) -> BoxedStepFuture<'_> {
        Box::pin(async move {
            // Another adapter's state cannot come here; if it did, the attempt would be over.
            let state = held.0.downcast().map_err(|_| ConnectorError::Expired)?;
            Ok(forget(
                Connector::advance(self, *state, answers, visitor).await?,
            ))
        })
    }
}

fn forget<S: Send + 'static>(step: Step<S>) -> Step<ConnectorState> {
    let held = |state: S| ConnectorState(Box::new(state));
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
