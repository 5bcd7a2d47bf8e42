//! The trait of a connector, and the registry, which holds connectors without their types.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{
    Answers, CallbackParams, ConnectorError, ConnectorLabel, FirstTimeLink, RequestFacts, Step,
};

/// One way to prove an identity.
pub trait Connector: Send + Sync + 'static {
    /// Its name in addresses, in the log and in identities.
    const SLUG: &'static str;

    /// Whether [`Connector::begin`] contacts no upstream and its state can be created again at will. Then
    /// rendering the form stores nothing, and a form may be submitted without a login attempt.
    const STATELESS_START: bool;

    /// Whether the connector is disabled for everyone after [`ConnectorError::ProtocolMismatch`]. True for
    /// connectors with an upstream.
    const HAS_CIRCUIT_BREAKER: bool = true;

    /// What the connector keeps between two steps. It may hold a password or an authorization secret, so
    /// it has to wipe them when dropped, and needs neither `Debug` nor `Serialize`.
    type State: Send + 'static;

    fn label(&self) -> ConnectorLabel;

    /// The name of its records, where a profile shows the source of a field: "from …".
    fn source_name(&self) -> &'static str {
        self.label().text
    }

    /// Where a person starts who has never used this connector, if that is another page. That page also
    /// links the identity.
    fn first_time_link(&self) -> Option<FirstTimeLink> {
        None
    }

    /// Parses the subject of an identity that is imported: returns it as this connector writes it in
    /// [`Step::Done`], because another spelling would sign in nobody. An error says what to write instead;
    /// it follows the word “identity”.
    fn parse_subject(_text: &str) -> Result<String, &'static str> {
        Err("cannot be imported: people link it themselves, on their profile page")
    }

    /// The first form. It cannot be a [`Step::Redirect`]: a GET of the sign-in page leaves this server
    /// only after the person has sent a form of ours with its CSRF token.
    fn begin(
        &self,
        origin: RequestFacts,
    ) -> impl Future<Output = Result<Step<Self::State>, ConnectorError>> + Send;

    /// Checks the answers to the form that came with `state`.
    fn advance(
        &self,
        state: Self::State,
        answers: Answers,
        origin: RequestFacts,
    ) -> impl Future<Output = Result<Step<Self::State>, ConnectorError>> + Send;

    /// Checks the parameters with which the browser came back from the [`Step::Redirect`] that came with
    /// `state`. An error of the upstream (`error=access_denied`, RFC 6749 §4.1.2.1) is among them: the
    /// connector answers it with [`Step::Refused`] and a sentence.
    ///
    /// A connector that never redirects needs no such method.
    fn resume(
        &self,
        state: Self::State,
        params: CallbackParams,
        origin: RequestFacts,
    ) -> impl Future<Output = Result<Step<Self::State>, ConnectorError>> + Send {
        let _ = (state, params, origin);
        std::future::ready(Err(ConnectorError::Expired))
    }
}

/// The `State` of any connector.
pub struct ConnectorState(Box<dyn Any + Send>);

impl fmt::Debug for ConnectorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectorState(…)")
    }
}

/// Any connector. Cheap to clone.
#[derive(Clone)]
pub struct DynConnector(Arc<dyn ErasedConnector>);

impl DynConnector {
    pub fn slug(&self) -> &'static str {
        self.0.slug()
    }
    /// [`Connector::STATELESS_START`]
    pub fn has_stateless_start(&self) -> bool {
        self.0.has_stateless_start()
    }
    /// [`Connector::HAS_CIRCUIT_BREAKER`]
    pub fn has_circuit_breaker(&self) -> bool {
        self.0.has_circuit_breaker()
    }
    pub fn label(&self) -> ConnectorLabel {
        self.0.label()
    }
    /// [`Connector::source_name`]
    pub fn source_name(&self) -> &'static str {
        self.0.source_name()
    }
    /// [`Connector::first_time_link`]
    pub fn first_time_link(&self) -> Option<FirstTimeLink> {
        self.0.first_time_link()
    }
    /// [`Connector::begin`]
    pub async fn begin(
        &self,
        origin: RequestFacts,
    ) -> Result<Step<ConnectorState>, ConnectorError> {
        self.0.begin(origin).await
    }
    /// [`Connector::advance`]
    pub async fn advance(
        &self,
        state: ConnectorState,
        answers: Answers,
        origin: RequestFacts,
    ) -> Result<Step<ConnectorState>, ConnectorError> {
        self.0.advance(state, answers, origin).await
    }
    /// [`Connector::resume`]
    pub async fn resume(
        &self,
        state: ConnectorState,
        params: CallbackParams,
        origin: RequestFacts,
    ) -> Result<Step<ConnectorState>, ConnectorError> {
        self.0.resume(state, params, origin).await
    }
}

impl fmt::Debug for DynConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynConnector").field(&self.slug()).finish()
    }
}

/// Every connector that is configured. The sign-in page opens with the first.
#[derive(Debug, Clone, Default)]
pub struct ConnectorRegistry(Vec<DynConnector>);

impl ConnectorRegistry {
    #[must_use]
    pub fn with(mut self, connector: impl Connector) -> Self {
        self.0.push(DynConnector(Arc::new(connector)));
        self
    }

    /// Appends the connectors of another registry.
    #[must_use]
    pub fn with_all(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    pub fn first(&self) -> Option<&DynConnector> {
        self.0.first()
    }

    pub fn named(&self, slug: &str) -> Option<&DynConnector> {
        self.0.iter().find(|connector| connector.slug() == slug)
    }

    pub fn iter(&self) -> impl Iterator<Item = &DynConnector> {
        self.0.iter()
    }
}

type BoxedStepFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Step<ConnectorState>, ConnectorError>> + Send + 'a>>;

/// [`Connector`] without its associated type, so that it can be a trait object.
trait ErasedConnector: Send + Sync {
    fn slug(&self) -> &'static str;
    fn has_stateless_start(&self) -> bool;
    fn has_circuit_breaker(&self) -> bool;
    fn label(&self) -> ConnectorLabel;
    fn source_name(&self) -> &'static str;
    fn first_time_link(&self) -> Option<FirstTimeLink>;
    fn begin(&self, origin: RequestFacts) -> BoxedStepFuture<'_>;
    fn advance(
        &self,
        state: ConnectorState,
        answers: Answers,
        origin: RequestFacts,
    ) -> BoxedStepFuture<'_>;
    fn resume(
        &self,
        state: ConnectorState,
        params: CallbackParams,
        origin: RequestFacts,
    ) -> BoxedStepFuture<'_>;
}

impl<C: Connector> ErasedConnector for C {
    fn slug(&self) -> &'static str {
        C::SLUG
    }
    fn has_stateless_start(&self) -> bool {
        C::STATELESS_START
    }
    fn has_circuit_breaker(&self) -> bool {
        C::HAS_CIRCUIT_BREAKER
    }
    fn label(&self) -> ConnectorLabel {
        Connector::label(self)
    }
    fn source_name(&self) -> &'static str {
        Connector::source_name(self)
    }
    fn first_time_link(&self) -> Option<FirstTimeLink> {
        Connector::first_time_link(self)
    }
    fn begin(&self, origin: RequestFacts) -> BoxedStepFuture<'_> {
        Box::pin(async move { Ok(erase_state(Connector::begin(self, origin).await?)) })
    }
    fn advance(
        &self,
        state: ConnectorState,
        answers: Answers,
        origin: RequestFacts,
    ) -> BoxedStepFuture<'_> {
        Box::pin(async move {
            let state = restore_state::<C>(state)?;
            let step = Connector::advance(self, state, answers, origin).await?;
            Ok(erase_state(step))
        })
    }
    fn resume(
        &self,
        state: ConnectorState,
        params: CallbackParams,
        origin: RequestFacts,
    ) -> BoxedStepFuture<'_> {
        Box::pin(async move {
            let state = restore_state::<C>(state)?;
            let step = Connector::resume(self, state, params, origin).await?;
            Ok(erase_state(step))
        })
    }
}

/// A login attempt keeps the slug of its connector, so the type always fits. If it did not, the attempt
/// would end.
fn restore_state<C: Connector>(state: ConnectorState) -> Result<C::State, ConnectorError> {
    let state = state.0.downcast().map_err(|_| ConnectorError::Expired)?;
    Ok(*state)
}

fn erase_state<S: Send + 'static>(step: Step<S>) -> Step<ConnectorState> {
    let erase = |state: S| ConnectorState(Box::new(state));
    match step {
        Step::Ask { prompt, state } => Step::Ask {
            prompt,
            state: erase(state),
        },
        Step::Redirect { url, state } => Step::Redirect {
            url,
            state: erase(state),
        },
        Step::Done(identity) => Step::Done(identity),
        Step::Refused { reason, retry } => Step::Refused {
            reason,
            retry: retry.map(|(prompt, state)| (prompt, erase(state))),
        },
    }
}
