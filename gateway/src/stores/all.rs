//! The stores behind the gateway: each is asked for its part of a plan, side by side, and all of them must answer.

mod sets;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use credit_policy::{Catalogue, Class, ClassName, FetchPlan, FieldName, History, List, Permit};
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::sync::Semaphore;

use super::{
    breaker::Breaker,
    contract::{Asked, Passed, Report, Store},
    fault::{StoreError, StoreFault},
    figures::Figures,
    http::gateway::{Elsewhere, EndQuery, GatewayStore},
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
    /// A class of another gateway is in a store too.
    #[error(
        "the stores `{one}` and `{other}` both have `{class}`, and one of them is another gateway: name `classes` so that one of them has it"
    )]
    AtGateway {
        /// The first store.
        one: String,
        /// The second.
        other: String,
        /// The class.
        class: ClassName,
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
    store: Behind,
    breaker: Breaker,
    under_way: Semaphore,
}

/// What stands behind a name.
enum Behind {
    /// Records, which are reduced here.
    Records(Box<dyn Store>),
    /// Another gateway, which answers with fields.
    Gateway(Box<GatewayStore>),
}

impl Behind {
    fn figures(&self) -> &Figures {
        match self {
            Self::Records(store) => store.figures(),
            Self::Gateway(store) => store.figures(),
        }
    }
}

/// What was found.
#[derive(Default)]
pub struct Found {
    /// The records.
    pub(crate) history: History,
    /// Fields that another gateway answered.
    pub(crate) elsewhere: Option<Elsewhere>,
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
        self.put(name, scope, Behind::Records(store), bound);
    }

    /// Adds another gateway.
    pub(crate) fn add_gateway(&mut self, name: &str, scope: Scope, gateway: GatewayStore, bound: usize) {
        self.put(name, scope, Behind::Gateway(Box::new(gateway)), bound);
    }

    fn put(&mut self, name: &str, scope: Scope, store: Behind, bound: usize) {
        // More than can be waited for is as good as no bound.
        let under_way = Semaphore::new(bound.min(Semaphore::MAX_PERMITS));
        self.0.push(Member { name: name.to_owned(), scope, store, breaker: Breaker::new(), under_way });
    }

    /// Whether another gateway is among them.
    pub(crate) fn have_gateway(&self) -> bool {
        self.0.iter().any(|member| matches!(member.store, Behind::Gateway(_)))
    }

    /// Looks up what a permit releases: fields that rest on what another gateway has, there, and the rest in the other
    /// stores, side by side. Without an `end` no gateway is asked: what a gateway asked is passed to no third one.
    ///
    /// # Errors
    /// As [`Self::look_up`]; [`StoreFault::TwoGateways`] where fields are at two of them.
    pub(crate) async fn find(
        &self,
        asked: Asked,
        permit: &Permit,
        end: Option<&EndQuery>,
    ) -> Result<Found, StoreError> {
        match end.filter(|_| self.have_gateway()) {
            None => self.look_up(asked).await.map(|history| Found { history, elsewhere: None }),
            Some(end) => Box::pin(self.find_there_too(asked, permit, end)).await,
        }
    }

    async fn find_there_too(&self, asked: Asked, permit: &Permit, end: &EndQuery) -> Result<Found, StoreError> {
        let mut theirs = None;
        for member in &self.0 {
            let Behind::Gateway(gateway) = &member.store else { continue };
            let (fields, rest) = permit.split(|plan| member.scope.part(plan) == *plan);
            if !fields.is_empty() && theirs.replace((member, gateway, fields, rest)).is_some() {
                return Err(StoreError::Failed(StoreFault::TwoGateways));
            }
        }
        let Some((member, gateway, fields, rest)) = theirs else {
            return self.look_up(asked).await.map(|history| Found { history, elsewhere: None });
        };
        let there = member.counted(async {
            let found = gateway.ask(&asked, permit, &fields, end).await;
            found.map(|elsewhere| Found { elsewhere: Some(elsewhere), ..Found::default() })
        });
        let here = async {
            if rest.is_empty() {
                return Ok(History::default());
            }
            self.look_up(Asked { plan: rest, ..asked.clone() }).await
        };
        let (history, found) = tokio::try_join!(here, there)?;
        Ok(Found { history, ..found })
    }

    /// Looks up what is asked, in every store of records that has some of it. The first that fails ends the others:
    /// a part of what is known about a person is no answer.
    ///
    /// # Errors
    /// What the first store that failed says; [`StoreFault::Nowhere`] where no store has what is asked.
    pub(crate) async fn look_up(&self, asked: Asked) -> Result<History, StoreError> {
        // A store that routes alone ask has nothing of anybody here.
        let mut all = self.0.iter().filter(|member| !member.scope.is_empty()).filter_map(Member::records);
        match (all.next(), all.next()) {
            (Some((only, store)), None) if matches!(only.scope, Scope::Everything) => {
                only.counted(store.look_up(asked)).await
            }
            // Boxed: a query that asks one store has no room for it.
            _ => Box::pin(self.look_up_in_several(asked)).await,
        }
    }

    async fn look_up_in_several(&self, asked: Asked) -> Result<History, StoreError> {
        let all: Vec<_> = self.0.iter().filter_map(Member::records).collect();
        let parts: Vec<_> = all.iter().map(|(member, _)| member.scope.part(&asked.plan)).collect();
        if let Some(class) = missing(&asked.plan, parts.iter()) {
            return Err(StoreError::Failed(StoreFault::Nowhere(class)));
        }
        let some = all.iter().zip(parts).filter(|(_, part)| !part.is_empty());
        let mut under_way: FuturesUnordered<_> = some
            .map(|((member, store), part)| {
                member.counted(store.look_up(Asked { plan: Arc::new(part), ..asked.clone() }))
            })
            .collect();
        let mut all = Ok(History::default());
        while let Some(found) = under_way.next().await {
            add(&mut all, Ok(found?));
        }
        all
    }

    /// Asks one store for its own answer, for a route, which [`Self::weighed`] counts.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn pass(&self, store: &str, passed: Passed) -> Result<Report, StoreError> {
        let none = || StoreError::Failed(StoreFault::NoRoutes);
        let (member, behind) = self.named(store).and_then(Member::records).ok_or_else(none)?;
        let found = member.guarded(behind.pass(passed)).await;
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
    /// Whether it has nothing of any class.
    fn is_empty(&self) -> bool {
        match self {
            Self::Everything => false,
            Self::Named(Named { classes, lists, attributes }) => {
                classes.is_empty() && lists.is_empty() && attributes.is_empty()
            }
        }
    }

    /// Whether it has something of a class.
    fn has(&self, class: &Class) -> bool {
        match self {
            Self::Everything => class.holds_records() || class.list().is_some() || !class.attributes().is_empty(),
            Self::Named(Named { classes, lists, attributes }) => {
                classes.contains(class.name())
                    || class.list().is_some_and(|list| lists.contains(&list))
                    || class.attributes().iter().any(|attribute| attributes.contains(attribute))
            }
        }
    }

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

/// That nothing another gateway has is in a store too: two answers about one person, and nothing says how they add up.
///
/// # Errors
/// [`ScopeError::AtGateway`].
pub(crate) fn apart<'a>(
    scopes: impl IntoIterator<Item = (&'a str, bool, &'a Scope)>,
    catalogue: &Catalogue,
) -> Result<(), ScopeError> {
    let all: Vec<_> = scopes.into_iter().collect();
    for (at, (one, is_gateway, scope)) in all.iter().enumerate() {
        for (_, (other, is_other_gateway, other_scope)) in all.iter().enumerate().filter(|(other, _)| *other > at) {
            let both = |class: &&Class| scope.has(class) && other_scope.has(class);
            if (*is_gateway || *is_other_gateway)
                && let Some(class) = catalogue.classes().find(both)
            {
                let (one, other) = ((*one).to_owned(), (*other).to_owned());
                return Err(ScopeError::AtGateway { one, other, class: class.name().clone() });
            }
        }
    }
    Ok(())
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
fn missing<'a>(plan: &FetchPlan, parts: impl Iterator<Item = &'a FetchPlan> + Clone) -> Option<String> {
    let any = |has: &dyn Fn(&FetchPlan) -> bool| parts.clone().any(has);
    let class = plan.classes().iter().find(|class| !any(&|part| part.classes().contains(class)));
    let list = plan.lists().iter().find(|list| !any(&|part| part.lists().contains(list)));
    let attribute = plan.attributes().iter().find(|it| !any(&|part| part.attributes().contains(it)));
    let names = [class.map(ClassName::as_str), list.map(|list| list.as_str()), attribute.map(FieldName::as_str)];
    names.into_iter().flatten().next().map(str::to_owned)
}

impl Member {
    fn records(&self) -> Option<(&Self, &dyn Store)> {
        match &self.store {
            Behind::Records(store) => Some((self, &**store)),
            Behind::Gateway(_) => None,
        }
    }

    async fn counted<T>(&self, look_up: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let found = self.guarded(look_up).await;
        self.count(&found);
        found
    }

    fn count<T>(&self, found: &Result<T, StoreError>) {
        self.store.figures().looked_up(found);
        if let Err(StoreError::Failed(fault)) = found
            && fault.is_of_data()
            && !matches!(fault, StoreFault::Refused(_))
        {
            tracing::warn!(store = self.name, "the data of a store do not fit: {fault}");
        }
    }

    async fn guarded<T>(&self, look_up: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.breaker.pass()?;
        let _place = self.under_way.try_acquire().map_err(|_| StoreError::Timeout)?;
        let found = look_up.await;
        if self.breaker.note(&found) {
            tracing::error!(
                store = self.name,
                "look-ups fail one after the other: refused until the store answers again"
            );
        }
        found
    }

    async fn probe(&self) {
        let found = match &self.store {
            Behind::Records(store) => store.probe().await,
            Behind::Gateway(store) => store.probe().await,
        };
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

/// Adds what one store has of a person to what the others have: all of it, or what the first that failed says.
fn add(all: &mut Result<History, StoreError>, found: Result<History, StoreError>) {
    match (all, found) {
        (Ok(all), Ok(found)) => {
            all.records.extend(found.records);
            all.listings.extend(found.listings);
            all.attributes.extend(found.attributes);
        }
        (all @ Ok(_), Err(error)) => *all = Err(error),
        (Err(_), _) => {}
    }
}
