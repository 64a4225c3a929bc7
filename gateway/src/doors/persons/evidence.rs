//! A person's evidence, which officers hand over once two of them decided on it: the file of `GET /me/export`. The person reads in
//! the own list that it was handed over; it gives no notice, since it may go to somebody else.

use std::sync::Arc;

use credit_policy::Language;
use hyper::{Response, StatusCode};
use uuid::Uuid;

use super::{
    acting, export,
    page::{self, Frame, Words},
    range::Range,
    report::NOT_RECORDABLE,
    sessions::{LoggedIn, Through},
};
use crate::{
    changes::{Account, Change, ChangeError, Number, Whose, apply},
    gateway::Gateway,
    transport::Body,
};

const NOT_MADE: Words = Words {
    zh: "暂时无法生成，批准仍然有效；请稍后再试。",
    en: "It cannot be made now; the approval stays. Please try again later.",
};

/// Hands it over. What is approved is spent once the file is made, and on the record before it leaves.
///
/// # Errors
/// Why it is not handed over.
pub(crate) async fn hand_over(
    gateway: &Arc<Gateway>,
    number: Number,
    proposal: Option<Uuid>,
    account: Account,
    language: Language,
) -> Result<Response<Body>, ChangeError> {
    let export = |is_made| Change::Export { number: Whose(Arc::clone(&number)), proposal, is_made };
    apply(gateway, export(false), account.clone()).await?;
    let by = account.actor();
    let session = LoggedIn {
        person: Arc::clone(&number),
        through: Some(Through::Officer(by)),
        account: None,
        form: "".into(),
        language,
        began: gateway.log.accepted_now(),
    };
    let frame = Frame::new(language, None, "".into(), false);
    let say = |words: Words| page::problem(&frame, words.of(language), StatusCode::SERVICE_UNAVAILABLE);
    if gateway.is_draining() || !gateway.may_answer() {
        gateway.metrics.unrecorded();
        return Ok(say(NOT_RECORDABLE));
    }
    acting::record(gateway, &session, acting::EVIDENCE).await?;
    let range = Range::everything(gateway.today());
    let made = export::file(gateway, &session, &frame, &range).await;
    let file = match made {
        Ok(file) => file,
        Err(cause) => {
            tracing::error!(cause, "a person's evidence could not be made");
            return Ok(say(NOT_MADE));
        }
    };
    apply(gateway, export(true), account).await?;
    Ok(export::attached(&frame, file))
}
