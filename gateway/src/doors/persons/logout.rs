//! Out: the session here ends first, whatever comes after. The identity service asks whether its own is to end too, and sends the
//! browser back the same way for yes and no (RP-Initiated Logout 1.0 §2). So it is asked once more, for an answer without
//! anybody's help, and the page says what it answered.

use credit_policy::Language;
use hyper::{Response, StatusCode};

use super::{
    cookies::{self, LOGIN, SESSION},
    logins::{self, Errand, Login},
    page::{self, Words},
    portal::Portal,
    request::{Members, cookie},
    sessions, token,
    visit::Visit,
};
use crate::{gateway::Gateway, state::visits::Unreached, transport::Body};

/// What is known of the service's own session, after the one here ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theirs {
    /// It says that nobody is logged in there with this browser.
    Ended,
    /// It would log in whoever comes with this browser.
    Open,
    /// It said neither.
    Unknown,
}

impl Theirs {
    /// By the answer to a request with `prompt=none` (OpenID Connect Core 1.0 §3.1.2.6). A code, and each error that is about
    /// somebody who is known there, say that a session is open.
    fn of(members: &Members) -> Self {
        match (members.get("error"), members.get("code")) {
            (Some("login_required"), _) => Self::Ended,
            (Some("interaction_required" | "consent_required" | "account_selection_required"), _) => Self::Open,
            (None, Some(code)) if !code.is_empty() => Self::Open,
            (Some(_), _) | (None, _) => Self::Unknown,
        }
    }

    fn words(self) -> Words {
        match self {
            Self::Ended => Words {
                zh: "您已在本站退出登录。身份认证服务表示，此浏览器当前没有人登录。",
                en: "You are logged out here. The identity service says that with this browser nobody is logged in there.",
            },
            Self::Open => Words {
                zh: "您已在本站退出登录，但身份认证服务仍保持登录：使用此浏览器的人无须认证即可再次进入您的页面。如在共用的电脑上，请到身份认证服务退出登录，或关闭浏览器并清除其 Cookie。",
                en: "You are logged out here, but the identity service still has you logged in: whoever uses this browser gets to your \
                     pages again without being identified. On a shared computer, log out at the identity service too, or close the \
                     browser and clear its cookies.",
            },
            Self::Unknown => Words {
                zh: "您已在本站退出登录。身份认证服务是否仍保持登录，目前无法得知。如在共用的电脑上，请到身份认证服务退出登录，或关闭浏览器并清除其 Cookie。",
                en: "You are logged out here. Whether the identity service still has you logged in could not be found out. On a shared \
                     computer, log out at the identity service too, or close the browser and clear its cookies.",
            },
        }
    }
}

/// `POST /logout`, with the token of a form of ours: the session ends, then the browser goes to the identity service.
///
/// # Errors
/// Where it cannot be told that the session is over: then the browser keeps its cookie, and the person is told so.
pub(super) async fn end(
    portal: &Portal,
    gateway: &Gateway,
    name: &str,
    language: Language,
) -> Result<Response<Body>, Unreached> {
    sessions::end(gateway, name).await?;
    let mut response = match portal.provider.end_session().await {
        Some(address) => page::redirect(&address),
        None => page::redirect("/"),
    };
    cookies::forget(&mut response, SESSION);
    // Where this is not kept, nothing is said of the service when the browser comes back; the session is over all the same.
    if let Ok(browser) = token::draw(&gateway.entropy) {
        let login = Login { browser, language, errand: Errand::LogOut };
        if logins::keep(gateway, &login.browser, &login).await.is_ok() {
            cookies::under_way(&mut response, &login.browser);
        }
    }
    Ok(response)
}

/// `GET /`: the first page; or, for a browser that comes from a log-out, on to the service once more.
pub(super) async fn home(portal: &Portal, gateway: &Gateway, visit: &Visit) -> Response<Body> {
    let browser = cookie(&visit.head.headers, LOGIN).filter(|_| visit.session.is_none());
    let returned = match browser {
        // Who comes without one is shown the first page whatever the state is.
        Some(browser) => logins::take(gateway, browser, Some(browser)).await.unwrap_or_default(),
        None => None,
    };
    let Some(Login { browser, language, errand: Errand::LogOut }) = returned else {
        return page::home(&visit.frame);
    };
    match portal.provider.look().await {
        Ok(begun) => {
            let login = Login { browser, language, errand: Errand::Look };
            match logins::keep(gateway, &begun.state, &login).await {
                Ok(()) => page::redirect(&begun.location),
                Err(Unreached) => say(portal, language, Theirs::Unknown, StatusCode::OK),
            }
        }
        Err(_) => say(portal, language, Theirs::Unknown, StatusCode::OK),
    }
}

/// `GET /login/callback` after a log-out: what the service answered.
pub(super) async fn seen(portal: &Portal, language: Language, members: Option<Members>) -> Response<Body> {
    let iss = members.as_ref().and_then(|members| members.get("iss"));
    if let Err(fault) = portal.provider.check_issuer(iss).await {
        tracing::info!(cause = fault.cause(), "a request at the persons' door was refused");
        return say(portal, language, Theirs::Unknown, fault.status());
    }
    say(portal, language, members.as_ref().map_or(Theirs::Unknown, Theirs::of), StatusCode::OK)
}

/// The page after a log-out.
fn say(portal: &Portal, language: Language, theirs: Theirs, status: StatusCode) -> Response<Body> {
    let mut response = page::notice(&portal.frame(None, language), theirs.words().of(language), status);
    cookies::forget(&mut response, LOGIN);
    response
}
