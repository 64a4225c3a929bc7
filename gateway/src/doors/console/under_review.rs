//! Who asked is not shown to who may judge it, as long as the query waits for a reviewer and nobody opened it: the first view of a
//! review names no member of staff, and no other page tells what that one does not. The supervisor, who judges nothing, sees it.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::page::Frame;
use crate::{changes::drawn, gateway::Gateway};

/// How far the review of a query has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UnderReview {
    /// Whether a reviewer opened it.
    pub(super) opened: bool,
    /// Whether a second officer closed it.
    pub(super) closed: bool,
}

/// Of some queries, which are under review.
pub(super) struct Reviewed {
    /// Nothing where that cannot be told now.
    known: Option<HashMap<Uuid, UnderReview>>,
    /// Whether who looks may judge them.
    judges: bool,
}

impl Reviewed {
    /// As the log says it now.
    pub(super) async fn of(gateway: &Arc<Gateway>, frame: &Frame, queries: Vec<Uuid>) -> Self {
        let (shared, judges) = (Arc::clone(gateway), frame.viewer.reviews());
        let look = move || {
            drawn(&shared, |reviews| {
                let of = |id: Uuid| Some((id, reviews.progress_of(id)?));
                queries.into_iter().filter_map(of).collect::<Vec<_>>()
            })
        };
        let found = tokio::task::spawn_blocking(look).await.ok().and_then(Result::ok);
        let known = found.map(|found| {
            found.into_iter().map(|(id, (opened, closed))| (id, UnderReview { opened, closed })).collect()
        });
        Self { known, judges }
    }

    /// Whether it can be told at all, where that decides what is shown.
    pub(super) fn is_known(&self) -> bool {
        !self.judges || self.known.is_some()
    }

    /// Nothing where it is not under review, or that cannot be told.
    pub(super) fn get(&self, query: Uuid) -> Option<UnderReview> {
        self.known.as_ref()?.get(&query).copied()
    }

    /// Whether who asked it is not shown. What cannot be told now is not shown either.
    pub(super) fn hides(&self, query: Uuid) -> bool {
        let is_unopened = |known: &HashMap<Uuid, UnderReview>| known.get(&query).is_some_and(|of| !of.opened);
        self.judges && self.known.as_ref().is_none_or(is_unopened)
    }
}

impl Frame {
    /// What a page says of the review of a query.
    pub(super) fn review(&self, of: Option<&UnderReview>) -> &'static str {
        match of {
            None => self.say("未送复核", "not under review"),
            Some(UnderReview { closed: true, .. }) => self.say("复核已结案", "review closed"),
            Some(UnderReview { opened: true, .. }) => self.say("复核中，已打开", "under review, opened"),
            Some(_) => self.say("待复核，尚未打开", "under review, not opened yet"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_judge_sees_who_asked_once_it_is_opened_and_never_where_that_cannot_be_told() {
        let (waits, opened, not_reviewed) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let known = || {
            let of = |opened| UnderReview { opened, closed: false };
            Some(HashMap::from([(waits, of(false)), (opened, of(true))]))
        };
        for (known, judges, hidden) in [
            (known(), true, [true, false, false]),
            (None, true, [true, true, true]),
            (known(), false, [false; 3]),
            (None, false, [false; 3]),
        ] {
            let reviewed = Reviewed { known, judges };
            assert_eq!([waits, opened, not_reviewed].map(|query| reviewed.hides(query)), hidden);
        }
    }
}
