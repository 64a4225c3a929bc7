//! Look-ups about several persons with as few questions as the stores let be.

use std::sync::Arc;

use credit_policy::History;
use futures_util::{
    StreamExt,
    stream::{self, FuturesUnordered},
};

use super::{Asked, Member, Store, StoreError, StoreFault, Stores, add, missing};

/// Look-ups of one group under way in a store that takes one person at a time.
const SIDE_BY_SIDE: usize = 4;

impl Stores {
    /// Whether look-ups are to be gathered: not where nothing is gained, nor where another gateway answers single ones. A store
    /// that routes alone ask is not looked up in.
    pub(crate) fn gain_by_sets(&self) -> bool {
        let waits = |member: &Member| member.records().is_some_and(|(_, store)| !store.is_at_hand());
        !self.have_gateway() && self.0.iter().any(|member| !member.scope.is_empty() && waits(member))
    }

    /// As [`Self::look_up`], for questions of one plan and one purpose about several persons: one question to each store that
    /// takes such, and to others a few at a time.
    pub(crate) async fn look_up_all(&self, asked: Vec<Asked>) -> Vec<Result<History, StoreError>> {
        let Some(plan) = asked.first().map(|first| Arc::clone(&first.plan)) else { return Vec::new() };
        let all: Vec<_> = self.0.iter().filter(|member| !member.scope.is_empty()).filter_map(Member::records).collect();
        let parts: Vec<_> = all.iter().map(|(member, _)| Arc::new(member.scope.part(&plan))).collect();
        if let Some(class) = missing(&plan, parts.iter().map(|part| &**part)) {
            return asked.iter().map(|_| Err(StoreError::Failed(StoreFault::Nowhere(class.clone())))).collect();
        }
        let mut under_way: FuturesUnordered<_> = all
            .iter()
            .zip(&parts)
            .filter(|(_, part)| !part.is_empty())
            .map(|((member, store), part)| {
                let asked = asked.iter().map(|one| Asked { plan: Arc::clone(part), ..one.clone() }).collect();
                member.look_up_all(*store, asked)
            })
            .collect();
        let mut all: Vec<_> = asked.iter().map(|_| Ok(History::default())).collect();
        while let Some(found) = under_way.next().await {
            for (all, found) in all.iter_mut().zip(found) {
                add(all, found);
            }
        }
        all
    }
}

impl Member {
    async fn look_up_all(&self, store: &dyn Store, asked: Vec<Asked>) -> Vec<Result<History, StoreError>> {
        let count = asked.len();
        match store.look_up_all(asked) {
            Ok(under_way) => {
                let found = self.guarded(under_way).await;
                let found = found.unwrap_or_else(|error| (0..count).map(|_| Err(error.clone())).collect());
                found.iter().for_each(|one| self.count(one));
                found
            }
            Err(asked) => {
                let one = |asked| self.counted(store.look_up(asked));
                stream::iter(asked).map(one).buffered(SIDE_BY_SIDE).collect().await
            }
        }
    }
}
