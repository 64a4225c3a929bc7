//! Browsers that went to the identity service, and what for: each is taken once when it comes back, and by the browser that
//! went, at whichever gateway.

use std::borrow::Cow;

use credit_policy::Language;
use openidconnect::{Nonce, PkceCodeVerifier};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::places::Page;
use crate::{
    gateway::Gateway,
    state::visits::{Said, Step, Unreached, Word, unguessable},
};

/// What the state and the content of a login are of, and the browser that has it.
const LOGIN: &str = "login";
const BROWSER: &str = "login-browser";

/// One of them.
pub(super) struct Login {
    /// What the browser was given as a cookie.
    pub(super) browser: String,
    pub(super) language: Language,
    pub(super) errand: Errand,
}

/// What a browser went for.
pub(super) enum Errand {
    /// To log in, and to go on to a page.
    LogIn { nonce: Nonce, verifier: PkceCodeVerifier, next: Page },
    /// To end the service's session too; its state is the cookie, since not every service sends a state back.
    LogOut,
    /// To see whether that session ended. A code that comes back is never redeemed, so there is nothing to compare it with.
    Look,
}

/// What is sealed of one.
#[derive(Deserialize, Serialize)]
struct Content<'a> {
    is_english: bool,
    #[serde(borrow)]
    errand: Kept<'a>,
}

#[derive(Deserialize, Serialize)]
enum Kept<'a> {
    LogIn {
        #[serde(borrow)]
        nonce: Cow<'a, str>,
        #[serde(borrow)]
        verifier: Cow<'a, str>,
        #[serde(borrow)]
        next: Cow<'a, str>,
    },
    LogOut,
    Look,
}

/// Keeps one.
///
/// # Errors
/// Where it cannot be kept.
pub(super) async fn keep(gateway: &Gateway, state: &str, login: &Login) -> Result<(), Unreached> {
    let errand = match &login.errand {
        Errand::LogIn { nonce, verifier, next } => {
            Kept::LogIn { nonce: nonce.secret().into(), verifier: verifier.secret().into(), next: next.path().into() }
        }
        Errand::LogOut => Kept::LogOut,
        Errand::Look => Kept::Look,
    };
    let content = Content { is_english: login.language == Language::En, errand };
    let content = Zeroizing::new(serde_json::to_vec(&content).unwrap_or_default());
    let sealed = gateway.visits_key().seal((LOGIN, state.as_bytes()), &content, &gateway.entropy);
    let step = Step::Keep {
        word: Word::Login,
        key: unguessable(LOGIN, state),
        proof: unguessable(BROWSER, &login.browser),
        instead: Vec::new(),
        sealed: sealed.map_err(|_| Unreached)?,
    };
    gateway.visits.make(step).await.map(drop)
}

/// Takes the login of this state, if this browser began it and it is not over. Asked a second time there is none.
///
/// # Errors
/// Where it cannot be told.
pub(super) async fn take(gateway: &Gateway, state: &str, browser: Option<&str>) -> Result<Option<Login>, Unreached> {
    let Some(browser) = browser else { return Ok(None) };
    let (keys, proof) = (vec![unguessable(LOGIN, state)], unguessable(BROWSER, browser));
    let said = gateway.visits.make(Step::Take { word: Word::Login, keys, proof }).await?;
    let Said::Taken(sealed) = said else { return Ok(None) };
    let opened = gateway.visits_key().open((LOGIN, state.as_bytes()), &sealed);
    Ok(opened.and_then(|content| read(&content, browser)))
}

fn read(content: &[u8], browser: &str) -> Option<Login> {
    let Content { is_english, errand } = serde_json::from_slice(content).ok()?;
    let errand = match errand {
        Kept::LogIn { nonce, verifier, next } => Errand::LogIn {
            nonce: Nonce::new(nonce.into_owned()),
            verifier: PkceCodeVerifier::new(verifier.into_owned()),
            next: Page::named(&next)?,
        },
        Kept::LogOut => Errand::LogOut,
        Kept::Look => Errand::Look,
    };
    let language = if is_english { Language::En } else { Language::Zh };
    Some(Login { browser: browser.to_owned(), language, errand })
}
