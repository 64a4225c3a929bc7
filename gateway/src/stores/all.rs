//! The stores behind the gateway: each is asked for its part of a plan, side by side, and all of them must answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use credit_policy::{Catalogue, Class, ClassName, FetchPlan, FieldName, History, List};
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::sync::Semaphore;

use super::{
    breaker::Breaker,
    contract::{Asked, Passed, Report, Store},
    fault::{StoreError, StoreFault},
    figures::Figures,
};

/// What a store has.
pub(crate) enum Scope {
    /// Every class, list and attribute of the catalogue: the gateway's own tables.
    Everything,
    /// Some of them.
    Named(Named),
}

/// Why stores do not fit the data list or each other.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScopeError {
    /// No class of that name.
    #[error("store `{store}`: the data list has no class `{class}`")]
    Unknown {
        /// The store.
        store: String,
        /// The name.
        class: String,
    },
    /// Two values of one person, and nothing says which is right.
    #[error("the stores `{one}` and `{other}` both have the attribute `{field}`: let one of them have its class")]
    Twice {
        /// The first store.
        one: String,
        /// The second.
        other: String,
        /// The attribute.
        field: FieldName,
    },
}

/// Some classes, lists and attributes of the data list.
#[derive(Default)]
pub(crate) struct Named {
    /// Classes of records.
    pub(crate) classes: BTreeSet<ClassName>,
    /// Lists.
    pub(crate) lists: BTreeSet<List>,
    /// Attributes.
    pub(crate) attributes: BTreeSet<FieldName>,
}

impl Scope {
    /// Of the classes that a store is said to have.
    ///
    /// # Errors
    /// [`ScopeError::Unknown`].
    pub(crate) fn of(store: &str, classes: Option<&[String]>, catalogue: &Catalogue) -> Result<Self, ScopeError> {
        let Some(classes) = classes else { return Ok(Self::Everything) };
        let mut named = Named::default();
        for name in classes {
            let unknown = || ScopeError::Unknown { store: store.to_owned(), class: name.clone() };
            named.add(catalogue.class(name).ok_or_else(unknown)?);
        }
        Ok(Self::Named(named))
    }
}

impl Scope {
    /// Of this, what a map has.
    pub(crate) fn within(
        self,
        classes: BTreeSet<ClassName>,
        lists: BTreeSet<List>,
        attributes: BTreeSet<FieldName>,
    ) -> Self {
        Self::Named(match self {
            Self::Everything => Named { classes, lists, attributes },
            Self::Named(named) => Named {
                classes: &named.classes & &classes,
                lists: &named.lists & &lists,
                attributes: &named.attributes & &attributes,
            },
        })
    }
}

impl Named {
    fn add(&mut self, class: &Class) {
        if class.holds_records() {
            self.classes.insert(class.name().clone());
        }
        self.lists.extend(class.list());
        self.attributes.extend(class.attributes().iter().cloned());
    }
}

/// One store and what is known of it.
struct Member {
    name: String,
    scope: Scope,
    store: Box<dyn Store>,
    breaker: Breaker,
    under_way: Semaphore,
}

/// All of them.
pub(crate) struct Stores(Vec<Member>);

impl Stores {
    /// No store yet.
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a store, in which at most `bound` look-ups may be under way.
    pub(crate) fn add(&mut self, name: &str, scope: Scope, store: Box<dyn Store>, bound: usize) {
        // More than can be waited for is as good as no bound.
        let under_way = Semaphore::new(bound.min(Semaphore::MAX_PERMITS));
        self.0.push(Member { name: name.to_owned(), scope, store, breaker: Breaker::new(), under_way });
    }

    /// Looks up what is asked, in every store that has some of it. The first that fails ends the others:
    /// a part of what is known about a person is no answer.
    ///
    /// # Errors
    /// What the first store that failed says; [`StoreFault::Nowhere`] where no store has what is asked.
    pub(crate) async fn look_up(&self, asked: Asked) -> Result<History, StoreError> {
        if let [only @ Member { scope: Scope::Everything, .. }] = self.0.as_slice() {
            return only.look_up(asked).await;
        }
        let parts: Vec<_> = self.0.iter().map(|member| member.scope.part(&asked.plan)).collect();
        if let Some(class) = missing(&asked.plan, &parts) {
            return Err(StoreError::Failed(StoreFault::Nowhere(class)));
        }
        let some = self.0.iter().zip(parts).filter(|(_, part)| !part.is_empty());
        let mut under_way: FuturesUnordered<_> =
            some.map(|(member, part)| member.look_up(Asked { plan: Arc::new(part), ..asked.clone() })).collect();
        let mut all = History::default();
        while let Some(found) = under_way.next().await {
            let found = found?;
            all.records.extend(found.records);
            all.listings.extend(found.listings);
            all.attributes.extend(found.attributes);
        }
        Ok(all)
    }

    /// Asks one store for its own answer, for a route, which [`Self::weighed`] counts.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn pass(&self, store: &str, passed: Passed) -> Result<Report, StoreError> {
        let member = self.named(store).ok_or(StoreError::Failed(StoreFault::NoRoutes))?;
        let found = member.ask(member.store.pass(passed)).await;
        if found.is_err() {
            member.count(&found);
        }
        found
    }

    /// Counts what became of an answer to a route that came.
    pub(crate) fn weighed<T>(&self, store: &str, found: &Result<T, StoreError>) {
        if let Some(member) = self.named(store) {
            member.count(found);
        }
    }

    fn named(&self, store: &str) -> Option<&Member> {
        self.0.iter().find(|member| member.name == store)
    }

    /// Asks every store about nobody, side by side, so that readiness knows which answer. The operator is told of each
    /// change once.
    pub(crate) async fn probe(&self) {
        let mut asked: FuturesUnordered<_> = self.0.iter().map(Member::probe).collect();
        while asked.next().await.is_some() {}
    }

    /// Names and figures, in the order of the configuration.
    pub(crate) fn figures(&self) -> impl Iterator<Item = (&str, &Figures)> {
        self.0.iter().map(|member| (member.name.as_str(), member.store.figures()))
    }

    /// The stores that do not answer.
    pub(crate) fn down(&self) -> impl Iterator<Item = &str> {
        self.figures().filter(|(_, figures)| !figures.is_up()).map(|(name, _)| name)
    }
}

impl Scope {
    /// What of a plan a store with this scope is asked for.
    pub(crate) fn part(&self, plan: &FetchPlan) -> FetchPlan {
        match self {
            Self::Everything => plan.within(|_| true, |_| true, |_| true),
            Self::Named(Named { classes, lists, attributes }) => {
                plan.within(|class| classes.contains(class), |list| lists.contains(&list), |it| attributes.contains(it))
            }
        }
    }
}

/// That no attribute is in two stores; classes and lists may be, and then all of their rows count.
///
/// # Errors
/// [`ScopeError::Twice`].
pub(crate) fn distinct<'a>(
    scopes: impl IntoIterator<Item = (&'a str, &'a Scope)>,
    catalogue: &Catalogue,
) -> Result<(), ScopeError> {
    let mut seen: BTreeMap<FieldName, String> = BTreeMap::new();
    for (store, scope) in scopes {
        let attributes: Vec<_> = match scope {
            Scope::Everything => catalogue.classes().flat_map(|class| class.attributes().iter().cloned()).collect(),
            Scope::Named(named) => named.attributes.iter().cloned().collect(),
        };
        for field in attributes {
            if let Some(one) = seen.insert(field.clone(), store.to_owned()) {
                return Err(ScopeError::Twice { one, other: store.to_owned(), field });
            }
        }
    }
    Ok(())
}

/// The first name that no part has: were it left out, a person would be cleared of what nobody looked for.
fn missing(plan: &FetchPlan, parts: &[FetchPlan]) -> Option<String> {
    let class = plan.classes().iter().find(|class| !parts.iter().any(|part| part.classes().contains(class)));
    let list = plan.lists().iter().find(|list| !parts.iter().any(|part| part.lists().contains(list)));
    let attribute = plan.attributes().iter().find(|it| !parts.iter().any(|part| part.attributes().contains(it)));
    let names = [class.map(ClassName::as_str), list.map(|list| list.as_str()), attribute.map(FieldName::as_str)];
    names.into_iter().flatten().next().map(str::to_owned)
}

impl Member {
    async fn look_up(&self, asked: Asked) -> Result<History, StoreError> {
        let found = self.ask(self.store.look_up(asked)).await;
        self.count(&found);
        found
    }

    fn count<T>(&self, found: &Result<T, StoreError>) {
        self.store.figures().looked_up(found);
        if let Err(StoreError::Failed(fault)) = found
            && fault.is_of_data()
        {
            tracing::warn!(store = self.name, "the data of a store do not fit: {fault}");
        }
    }

    async fn ask<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.breaker.pass()?;
        let _place = self.under_way.try_acquire().map_err(|_| StoreError::Timeout)?;
        let found = work.await;
        if self.breaker.note(&found) {
            tracing::error!(
                store = self.name,
                "look-ups fail one after the other: refused until the store answers again"
            );
        }
        found
    }

    async fn probe(&self) {
        let found = self.store.probe().await;
        if found.is_ok() {
            self.breaker.close();
        }
        if self.store.figures().probed(&found) {
            match found {
                Ok(()) => tracing::info!(store = self.name, "the store answers again"),
                Err(error) => tracing::error!(store = self.name, %error, "the store does not answer"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
