//! Browsers that went to the identity service, and what for: each is taken once when it comes back, and by the browser that
//! went.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use credit_policy::Language;
use openidconnect::{Nonce, PkceCodeVerifier};

use super::{places::Page, token};

/// How long the identity service may take.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// Logins under way; of more the oldest is forgotten.
const MOST: usize = 10_000;

/// The logins under way, by their state.
#[derive(Default)]
pub(super) struct Logins(Mutex<UnderWay>);

#[derive(Default)]
struct UnderWay {
    by_state: HashMap<String, (Duration, Login)>,
    /// States in the order in which their logins began; those that were taken too, until they would be over.
    in_order: VecDeque<(Duration, String)>,
}

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

impl Logins {
    /// Keeps one.
    pub(super) fn keep(&self, state: String, login: Login, now: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = &mut *all;
        let is_over = |began: Duration| now.saturating_sub(began) >= KEPT;
        while all.in_order.len() >= MOST || all.in_order.front().is_some_and(|(began, _)| is_over(*began)) {
            let oldest = all.in_order.pop_front();
            oldest.and_then(|(_, state)| all.by_state.remove(&state));
        }
        all.in_order.push_back((now, state.clone()));
        all.by_state.insert(state, (now, login));
    }

    /// Takes the login of this state, if this browser began it and it is not over. Asked a second time there is none.
    pub(super) fn take(&self, state: &str, browser: Option<&str>, now: Duration) -> Option<Login> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_own = |login: &Login| browser.is_some_and(|browser| token::is_same(browser, &login.browser));
        if !all.by_state.get(state).is_some_and(|(_, login)| is_own(login)) {
            return None;
        }
        let (began, login) = all.by_state.remove(state)?;
        (now.saturating_sub(began) < KEPT).then_some(login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        Login {
            browser: "browser".to_owned(),
            language: Language::En,
            errand: Errand::LogIn {
                nonce: Nonce::new("nonce".to_owned()),
                verifier: PkceCodeVerifier::new("v".repeat(43)),
                next: Page::Report,
            },
        }
    }

    #[test]
    fn a_login_is_taken_once_in_time_and_by_its_own_browser() {
        let logins = Logins::default();
        logins.keep("state".to_owned(), login(), Duration::ZERO);
        assert!(logins.take("other", Some("browser"), Duration::ZERO).is_none());
        assert!(logins.take("state", None, Duration::ZERO).is_none());
        assert!(logins.take("state", Some("another"), Duration::ZERO).is_none());
        assert!(logins.take("state", Some("browser"), Duration::ZERO).is_some(), "others did not use it up");
        assert!(logins.take("state", Some("browser"), Duration::ZERO).is_none());
        logins.keep("state".to_owned(), login(), Duration::ZERO);
        assert!(logins.take("state", Some("browser"), KEPT).is_none(), "over");
    }

    #[test]
    fn of_too_many_the_oldest_is_forgotten() {
        let logins = Logins::default();
        for place in 0..=MOST {
            logins.keep(place.to_string(), login(), Duration::ZERO);
        }
        assert!(logins.take("0", Some("browser"), Duration::ZERO).is_none());
        assert!(logins.take("1", Some("browser"), Duration::ZERO).is_some());
        logins.keep("late".to_owned(), login(), KEPT);
        assert_eq!(logins.0.lock().unwrap().by_state.len(), 1, "what is over is forgotten");
    }
}
