//! The identity service (an OpenID provider): what it publishes of itself, where a login begins and ends there, and who
//! logged in.
//!
//! What it publishes is read at the first login and kept for a day. Its keys are read again once where an ID token names
//! none of them, and not more often than every ten seconds, whoever sends such tokens.

mod client;
mod published;
mod verify;

use std::{path::Path, pin::Pin, sync::Arc, time::Duration};

use credit_audit::clock::Clock;
use credit_policy::{CitizenNumber, Personal};
use openidconnect::{
    AuthenticationContextClass, AuthenticationFlow, AuthorizationCode, AuthorizationRequest, ClientId, ClientSecret,
    CsrfToken, HttpRequest, HttpResponse, IssuerUrl, LogoutRequest, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, RedirectUrl, RequestTokenError, Scope,
    core::{CoreAuthDisplay, CoreAuthPrompt, CoreResponseType},
};
use tokio::sync::Mutex;

use super::fault::LoginFault;
use crate::{
    settings::{IdentifiedBy, Persons},
    state::bound_ids::LoginId,
    stores::tls::client_config,
};
use client::{Client, ClientError};
use published::{Metadata, More, OpenId};

/// How long what the service publishes of itself is kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// After so long its keys may be read again.
const REFETCH: Duration = Duration::from_secs(10);
/// After a failure it is left alone for so long.
const PAUSE: Duration = Duration::from_secs(2);

/// Longest `sub` (OpenID Connect Core 1.0 §2).
const LONGEST_SUBJECT: usize = 255;

/// What the service published.
struct Published {
    openid: OpenId,
    more: More,
    read_at: Duration,
}

/// Why there is no identity service to ask. Each names the setting.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// A file of `[persons]`.
    #[error("persons: {0}")]
    File(String),
}

/// The identity service.
pub(crate) struct Provider {
    settings: Persons,
    secret: Option<ClientSecret>,
    client: Client,
    clock: Arc<dyn Clock>,
    published: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    published: Option<Arc<Published>>,
    failed_at: Option<Duration>,
}

/// A browser that goes there: where the browser goes, and what its answer is compared with.
pub(super) struct Begun {
    pub(super) location: String,
    pub(super) state: String,
    pub(super) nonce: Nonce,
    pub(super) verifier: PkceCodeVerifier,
}

/// Who logged in.
pub(super) enum Identity {
    /// The person with this number.
    Number(Personal<CitizenNumber>),
    /// Who has this account.
    Account(LoginId),
}

/// What came back with the browser.
pub(super) struct Answer {
    pub(super) code: String,
    pub(super) nonce: Nonce,
    pub(super) verifier: PkceCodeVerifier,
}

impl Provider {
    /// Reads the files that the settings name. Nothing is asked of the service yet: the gateway starts without it.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub(crate) fn new(settings: &Persons, clock: Arc<dyn Clock>) -> Result<Self, ProviderError> {
        let secret = settings.client_secret_file.as_deref().map(secret).transpose()?;
        let tls = settings.authorities.as_deref().map(|authorities| client_config(authorities, None)).transpose();
        let tls = tls.map_err(|error| ProviderError::File(error.to_string()))?;
        Ok(Self { settings: settings.clone(), secret, client: Client::new(tls), clock, published: Mutex::default() })
    }

    /// Begins a login.
    ///
    /// # Errors
    /// [`LoginFault::Away`].
    pub(super) async fn begin(&self) -> Result<Begun, LoginFault> {
        let published = self.published().await?;
        let mut request = asked(&published);
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        for acr in &self.settings.acr {
            request = request.add_auth_context_value(AuthenticationContextClass::new(acr.clone()));
        }
        Ok(begun(request))
    }

    /// Begins a look whether the browser's session at the service is still open: the service answers without asking anybody
    /// (`prompt=none`, OpenID Connect Core 1.0 §3.1.2.1). It asks for no `acr`: a session that is not strong enough for a login
    /// here is one that is open.
    ///
    /// # Errors
    /// [`LoginFault::Away`].
    pub(super) async fn look(&self) -> Result<Begun, LoginFault> {
        let published = self.published().await?;
        Ok(begun(asked(&published).add_prompt(CoreAuthPrompt::None)))
    }

    /// Compares the `iss` of an answer (RFC 9207): it must be there where the service says that it is.
    ///
    /// # Errors
    /// [`LoginFault::AnswerIssuer`].
    pub(super) async fn check_issuer(&self, iss: Option<&str>) -> Result<(), LoginFault> {
        let is_sent = self.published().await?.more.authorization_response_iss_parameter_supported;
        match iss {
            Some(iss) if iss == self.settings.issuer => Ok(()),
            None if !is_sent => Ok(()),
            Some(_) | None => Err(LoginFault::AnswerIssuer),
        }
    }

    /// Redeems the code, verifies the ID token and reads who it is: the citizen number, or the account where the service gives no
    /// number.
    ///
    /// # Errors
    /// [`LoginFault`].
    pub(super) async fn finish(&self, answer: Answer) -> Result<Identity, LoginFault> {
        let published = self.published().await?;
        let openid = &published.openid;
        let code = AuthorizationCode::new(answer.code);
        let request = openid.exchange_code(code).map_err(|_| LoginFault::Away)?.set_pkce_verifier(answer.verifier);
        let redeemed = request.request_async(&self.http()).await.map_err(|error| match error {
            RequestTokenError::Request(_) => LoginFault::Away,
            RequestTokenError::ServerResponse(_) | RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                LoginFault::Code
            }
        })?;
        let check = verify::Check { settings: &self.settings, nonce: &answer.nonce, now: self.clock.now() };
        let subject = match check.subject(openid, &redeemed) {
            Err(LoginFault::Signature) => {
                let renewed = self.renewed(&published).await?;
                check.subject(&renewed.openid, &redeemed)?
            }
            checked => checked?,
        };
        if self.settings.identified_by == IdentifiedBy::Binding {
            let (iss, sub) = (self.settings.issuer.clone(), subject.as_str().to_owned());
            let is_sound = (1..=LONGEST_SUBJECT).contains(&sub.len());
            return is_sound.then_some(Identity::Account(LoginId { iss, sub })).ok_or(LoginFault::Party);
        }
        let claim = &self.settings.citizen_number_claim;
        verify::number(openid, &redeemed, subject, claim, &self.http()).await.map(Identity::Number)
    }

    /// Where the browser goes to end its session at the service too; nothing where the service has no such address or is
    /// away.
    pub(super) async fn end_session(&self) -> Option<String> {
        let endpoint = self.published().await.ok()?.more.end_session_endpoint.clone()?;
        let back = PostLogoutRedirectUrl::new(format!("{}/", self.settings.address)).ok()?;
        // The client's id and not the ID token: the token would stand in an address.
        let request = LogoutRequest::from(endpoint)
            .set_client_id(ClientId::new(self.settings.client_id.clone()))
            .set_post_logout_redirect_uri(back);
        Some(request.http_get_url().into())
    }

    async fn published(&self) -> Result<Arc<Published>, LoginFault> {
        let mut known = self.published.lock().await;
        let now = self.clock.monotonic();
        if let Some(published) = known.published.as_ref().filter(|known| now.saturating_sub(known.read_at) < KEPT) {
            return Ok(Arc::clone(published));
        }
        self.read(&mut known, now).await
    }

    /// What is published now, where it was read long enough ago and nobody else has read it again meanwhile.
    async fn renewed(&self, before: &Arc<Published>) -> Result<Arc<Published>, LoginFault> {
        let mut known = self.published.lock().await;
        if let Some(other) = known.published.as_ref().filter(|known| !Arc::ptr_eq(known, before)) {
            return Ok(Arc::clone(other));
        }
        let now = self.clock.monotonic();
        if now.saturating_sub(before.read_at) < REFETCH {
            return Err(LoginFault::Signature);
        }
        self.read(&mut known, now).await
    }

    async fn read(&self, known: &mut Known, now: Duration) -> Result<Arc<Published>, LoginFault> {
        if known.failed_at.is_some_and(|failed| now.saturating_sub(failed) < PAUSE) {
            return Err(LoginFault::Away);
        }
        match self.discover(now).await {
            Ok(published) => {
                let published = Arc::new(published);
                *known = Known { published: Some(Arc::clone(&published)), failed_at: None };
                Ok(published)
            }
            Err(error) => {
                known.failed_at = Some(now);
                tracing::warn!(cause = error, "the identity service of the persons' door does not answer as one");
                Err(LoginFault::Away)
            }
        }
    }

    async fn discover(&self, now: Duration) -> Result<Published, &'static str> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|_| "persons.issuer is no address")?;
        let callback = RedirectUrl::new(format!("{}/login/callback", self.settings.address));
        let callback = callback.map_err(|_| "persons.address is no address")?;
        let read = Metadata::discover_async(issuer, &self.http()).await;
        let metadata = read.map_err(|_| "what it publishes of itself, or its keys, cannot be read")?;
        let needs_userinfo = self.settings.identified_by == IdentifiedBy::Claim;
        if (needs_userinfo && metadata.userinfo_endpoint().is_none()) || metadata.token_endpoint().is_none() {
            return Err("it publishes no token or userinfo endpoint");
        }
        let more = metadata.additional_metadata().clone();
        let client_id = ClientId::new(self.settings.client_id.clone());
        let openid = OpenId::from_provider_metadata(metadata, client_id, self.secret.clone());
        Ok(Published { openid: openid.set_redirect_uri(callback), more, read_at: now })
    }

    fn http(&self) -> impl Fn(HttpRequest) -> Sending + Send + Sync + use<> {
        let client = self.client.clone();
        move |request| {
            let client = client.clone();
            Box::pin(async move { client.send(request).await })
        }
    }
}

type Asked<'a> = AuthorizationRequest<'a, CoreAuthDisplay, CoreAuthPrompt, CoreResponseType>;

/// What every browser that goes to the service asks for.
fn asked(published: &Published) -> Asked<'_> {
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    published.openid.authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
}

fn begun(request: Asked<'_>) -> Begun {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
    Begun { location: url.into(), state: state.into_secret(), nonce, verifier }
}

type Sending = Pin<Box<dyn Future<Output = Result<HttpResponse, ClientError>> + Send>>;

/// The first line of a file that nobody else may read.
fn secret(path: &Path) -> Result<ClientSecret, ProviderError> {
    use std::os::unix::fs::PermissionsExt;
    let fault = |why: &dyn std::fmt::Display| ProviderError::File(format!("cannot use `{}`: {why}", path.display()));
    let mode = std::fs::metadata(path).map_err(|error| fault(&error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(fault(&"it can be read by others: `chmod 600` it"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fault(&error))?;
    let line = text.lines().next().filter(|line| !line.is_empty());
    line.map(|line| ClientSecret::new(line.to_owned())).ok_or_else(|| fault(&"its first line is empty"))
}
