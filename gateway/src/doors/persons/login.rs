//! From the first page to the identity service and back.

use std::sync::Arc;

use credit_policy::{CitizenNumber, Language, Personal};
use hyper::{Response, StatusCode, header, http::request::Parts};
use openidconnect::{Nonce, PkceCodeVerifier};

use super::{
    cookies::{self, LOGIN, SESSION},
    fault::LoginFault,
    logins::{self, Errand, Login},
    logout, page,
    places::Page,
    portal::Portal,
    provider::{Answer, Identity},
    request::{Members, browser_language, cookie},
    sessions::{self, NotBegun},
    token,
};
use crate::{
    changes::{number_of, wait},
    gateway::Gateway,
    state::bound_ids::LoginId,
    transport::Body,
};

/// `GET /login`: to the identity service.
pub(super) async fn begin(portal: &Portal, gateway: &Gateway, head: &Parts) -> Response<Body> {
    let members = Members::of_query(head);
    let language = members.as_ref().and_then(Members::language).unwrap_or_else(|| browser_language(&head.headers));
    // One of our own pages: there is no address of somebody else's that a link could bring along.
    let asked = members.as_ref().and_then(|members| members.get("next"));
    let next = asked.and_then(Page::named);
    if asked.is_some() && next.is_none() {
        tracing::info!(cause = "`next` is none of our pages", "a request at the persons' door was refused");
    }
    let next = next.unwrap_or(Page::Queries);
    let (begun, browser) = match (portal.provider.begin().await, token::draw(&gateway.entropy)) {
        (Ok(begun), Ok(browser)) => (begun, browser),
        (Err(fault), _) => return failed(portal, fault, language),
        (Ok(_), Err(_)) => return failed(portal, LoginFault::Full, language),
    };
    let errand = Errand::LogIn { nonce: begun.nonce, verifier: begun.verifier, next };
    let mut response = page::redirect(&begun.location);
    cookies::under_way(&mut response, &browser);
    match logins::keep(gateway, &begun.state, &Login { browser, language, errand }).await {
        Ok(()) => response,
        Err(unreached) => failed(portal, unreached.into(), language),
    }
}

/// `GET /login/callback`: from the identity service.
pub(super) async fn finish(portal: &Portal, gateway: &Arc<Gateway>, head: &Parts) -> Response<Body> {
    let members = Members::of_query(head);
    if let Some(language) = members.as_ref().and_then(Members::language_alone) {
        // The link of a page of this address that changes the language: what it said is said once.
        return page::redirect(match language {
            Language::Zh => "/?lang=zh",
            Language::En => "/?lang=en",
        });
    }
    let state = members.as_ref().and_then(|members| members.get("state"));
    let browser = cookie(&head.headers, LOGIN);
    let taken = match state {
        Some(state) => logins::take(gateway, state, browser).await,
        None => Ok(None),
    };
    let login = match taken {
        Ok(Some(login)) => login,
        Ok(None) => return failed(portal, LoginFault::State, browser_language(&head.headers)),
        Err(unreached) => return failed(portal, unreached.into(), browser_language(&head.headers)),
    };
    let language = login.language;
    let (nonce, verifier, next) = match login.errand {
        Errand::LogIn { nonce, verifier, next } => (nonce, verifier, next),
        Errand::Look => return logout::seen(portal, language, members).await,
        // Its state is a cookie, which no service has seen.
        Errand::LogOut => return failed(portal, LoginFault::State, language),
    };
    let began = Began { nonce, verifier, language };
    // Whoever was logged in with this browser is not any more.
    if let Some(before) = cookie(&head.headers, SESSION)
        && let Err(unreached) = sessions::end(gateway, before).await
    {
        return failed(portal, unreached.into(), language);
    }
    match session(portal, gateway, began, members).await {
        Ok(name) => {
            let mut response = page::redirect(next.path());
            cookies::logged_in(&mut response, &name);
            cookies::forget(&mut response, LOGIN);
            response
        }
        Err(not_in) => {
            let mut response = match not_in {
                NotIn::Fault(fault) => failed(portal, fault, language),
                NotIn::Unbound(code) => unbound(portal, &code, language),
            };
            cookies::forget(&mut response, LOGIN);
            response
        }
    }
}

/// What an answer is compared with, and in which language its person reads.
struct Began {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    language: Language,
}

/// Why there is no session.
enum NotIn {
    Fault(LoginFault),
    /// The account is bound to nobody, and waits under this code.
    Unbound(String),
}

impl From<LoginFault> for NotIn {
    fn from(fault: LoginFault) -> Self {
        Self::Fault(fault)
    }
}

async fn session(
    portal: &Portal,
    gateway: &Arc<Gateway>,
    began: Began,
    members: Option<Members>,
) -> Result<String, NotIn> {
    let members = members.ok_or(LoginFault::Answer)?;
    portal.provider.check_issuer(members.get("iss")).await?;
    if members.get("error").is_some() {
        return Err(LoginFault::Refused.into());
    }
    let code = members.get("code").filter(|code| !code.is_empty()).ok_or(LoginFault::Answer)?.to_owned();
    let answer = Answer { code, nonce: began.nonce, verifier: began.verifier };
    let (person, account) = match portal.provider.finish(answer).await? {
        Identity::Number(person) => (person, None),
        Identity::Account(id) => {
            let Some(person) = bound(gateway, &id).await else {
                let code = token::draw_code(&gateway.entropy).map_err(|_| LoginFault::Full)?;
                wait(gateway, &code, &id).await.map_err(LoginFault::from)?;
                return Err(NotIn::Unbound(code));
            };
            (person, Some(id))
        }
    };
    let begun = sessions::begin(gateway, person, account, began.language).await;
    begun.map_err(|error| match error {
        NotBegun::Full => LoginFault::Full.into(),
        NotBegun::Unreached => LoginFault::Unreached.into(),
    })
}

/// To whom an account is bound: out of the record, since nothing else has the number.
async fn bound(gateway: &Arc<Gateway>, id: &LoginId) -> Option<Personal<CitizenNumber>> {
    number_of(gateway, id).await
}

/// The page of a login by an account that is bound to nobody: what to say at the counter.
fn unbound(portal: &Portal, code: &str, language: Language) -> Response<Body> {
    let fault = LoginFault::Unbound;
    tracing::info!(cause = fault.cause(), "a login at the persons' door was refused");
    let sentence = match language {
        Language::Zh => format!("{}绑定码：{code}", fault.sentence(language)),
        Language::En => format!("{} Binding code: {code}", fault.sentence(language)),
    };
    page::notice(&portal.frame(None, language), &sentence, fault.status())
}

/// The page of a login that came to nothing, and the operator's line, which names nobody.
fn failed(portal: &Portal, fault: LoginFault, language: Language) -> Response<Body> {
    tracing::info!(cause = fault.cause(), "a login at the persons' door was refused");
    let mut response = page::notice(&portal.frame(None, language), fault.sentence(language), fault.status());
    if fault.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("10"));
    }
    response
}
