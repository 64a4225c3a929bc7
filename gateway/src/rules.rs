//! The rules in force: the catalogue, and what was opened for it. Another catalogue comes with stores and routes of its own, in one
//! step; a query keeps those that it began with to its end.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use credit_policy::{Catalogue, CitizenNumber, Permit, Personal};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    settings::{Review, Role, Settings},
    state::{CatalogueHistory, Reservation},
    stores::{
        StoreError, StoreFault,
        all::{Found, Stores},
        contract::{Asked, Report},
        figures::Figures,
        http::gateway::EndQuery,
        routes::{Reduced, Reduction, Route, Routes},
        together::Seat,
    },
};

/// See the module.
#[derive(Clone)]
pub struct Rules {
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// Since when it holds, and those before.
    pub(crate) history: Arc<CatalogueHistory>,
    /// The data. Asked through [`Rules::look_up`] alone.
    pub(crate) stores: Arc<StoreHandle>,
    /// The interfaces before which the gateway stands.
    pub(crate) routes: Arc<Routes>,
    /// What officers approved beside it.
    pub(crate) beside: Arc<Beside>,
    /// The digests of all that, by the act that approves it.
    pub(crate) digests: Arc<BTreeMap<&'static str, [u8; 32]>>,
}

/// What two officers approve beside catalogue, register and limits.
pub(crate) struct Beside {
    /// How queries are reviewed.
    pub(crate) review: Review,
    /// The units of officers, by id.
    pub(crate) units: BTreeMap<String, String>,
    /// Where institutions are, by id: codes of GB/T 2260.
    pub(crate) regions: BTreeMap<String, String>,
    /// What officers may do, by id, where it is not everything.
    roles: BTreeMap<String, Role>,
}

impl Beside {
    /// Of a configuration.
    pub(crate) fn of(settings: &Settings) -> Self {
        let named = settings.institutions.iter().filter_map(|of| Some((of.id.as_str(), of.unit.as_deref()?)));
        let units = named.map(|(id, unit)| (id.to_owned(), unit.to_owned())).collect();
        let roles = settings.institutions.iter().filter_map(|of| Some((of.id.as_str().to_owned(), of.role?))).collect();
        let placed = settings.institutions.iter().filter_map(|of| Some((of.id.as_str(), of.region.as_deref()?)));
        let regions = placed.map(|(id, region)| (id.to_owned(), region.to_owned())).collect();
        Self { review: settings.review.clone(), units, regions, roles }
    }

    /// The role that a row names; nothing where it names none.
    pub(crate) fn role_in_words(&self, officer: &str) -> Option<Role> {
        self.roles.get(officer).copied()
    }

    /// What an officer may do.
    pub(crate) fn role(&self, officer: &str) -> Role {
        self.roles.get(officer).copied().unwrap_or(Role::Officer)
    }
}

/// A configuration on the disk that differs from what is in force.
pub(crate) struct Follows {
    /// The digests of its parts, by act.
    pub(crate) digests: BTreeMap<&'static str, [u8; 32]>,
    /// What differs, by act: of the catalogue who gains and who loses which field.
    pub(crate) differs: BTreeMap<&'static str, Differs>,
    /// The first day on which it may be loaded, where it names one.
    pub(crate) holds_from: Option<Date>,
    /// Whether it is what the operator has ready: where one stands beside the gateway's own file, that file is of before.
    pub(crate) is_ready: bool,
}

/// What differs, for the reader: a line each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Differs {
    /// In Chinese.
    pub(crate) zh: String,
    /// In English.
    pub(crate) en: String,
}

/// The rules in force, whoever asks for them; and what is to follow.
pub(crate) struct InForce {
    rules: ArcSwap<Rules>,
    follow: ArcSwap<Vec<Follows>>,
}

impl InForce {
    /// These are in force.
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules: ArcSwap::from_pointee(rules), follow: ArcSwap::default() }
    }

    /// The rules in force now.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        self.rules.load_full()
    }

    /// From here on these are in force, for queries that begin.
    pub(crate) fn put(&self, rules: Rules) {
        self.rules.store(Arc::new(rules));
    }

    /// What is on the disk and not in force.
    pub(crate) fn follow(&self) -> Arc<Vec<Follows>> {
        self.follow.load_full()
    }

    /// That is on the disk and not in force.
    pub(crate) fn set_follow(&self, follow: Vec<Follows>) {
        self.follow.store(Arc::new(follow));
    }
}

/// The stores behind a handle that looks up for an admitted query only.
pub(crate) struct StoreHandle(Arc<Stores>);

impl StoreHandle {
    /// A handle for these stores.
    pub(crate) fn new(stores: Stores) -> Self {
        Self(Arc::new(stores))
    }

    /// What is counted of each store, by its name.
    pub(crate) fn figures(&self) -> impl Iterator<Item = (&str, &Figures)> {
        self.0.figures()
    }

    /// The stores that do not answer.
    pub(crate) fn down(&self) -> impl Iterator<Item = &str> {
        self.0.down()
    }

    /// Whether another gateway is among them.
    pub(crate) fn have_gateway(&self) -> bool {
        self.0.have_gateway()
    }

    /// Asks about nobody, so that readiness knows whether the stores answer.
    pub(crate) async fn probe(&self) {
        self.0.probe().await;
    }
}

/// What the store of a route answered: to the number, and where it ends in a letter, to it with a small one.
pub(crate) struct Reports(Report, Option<Report>);

/// A query that came by a route.
pub(crate) struct RouteQuery {
    pub(crate) route: Arc<Route>,
}

impl Rules {
    /// Looks up one person for a query of this day whose look-up is reserved, as its permit says. `end` is for whom another gateway
    /// may be asked; nothing where another gateway asks.
    ///
    /// # Errors
    /// When the store fails or does not answer in time.
    pub async fn look_up(
        &self,
        _admitted: &Reservation,
        person: Arc<Personal<CitizenNumber>>,
        permit: &Permit,
        on: Date,
        end: Option<&EndQuery>,
        seat: Option<Seat>,
    ) -> Result<Found, StoreError> {
        let (plan, scenario) = (Arc::clone(permit.plan()), permit.scenario().name().clone());
        let asked = Asked { person, plan, scenario, on };
        match seat.filter(|_| self.stores.0.gain_by_sets()) {
            Some(seat) => {
                let found = Box::pin(seat.look_up(&self.stores.0, asked)).await;
                found.map(|history| Found { history, elsewhere: None })
            }
            None => self.stores.0.find(asked, permit, end).await,
        }
    }

    /// Asks the store of a route about one person, for a query whose look-up is reserved: in both spellings where the number ends in a
    /// letter, whichever the client wrote, since a store may know one of them alone.
    ///
    /// # Errors
    /// When the store fails or does not answer in time.
    pub(crate) async fn pass(
        &self,
        _admitted: &Reservation,
        person: &Personal<CitizenNumber>,
        RouteQuery { route }: &RouteQuery,
    ) -> Result<Reports, StoreError> {
        let (upper, lower) = person.disclose(|number| {
            let upper = number.as_str();
            let lower = upper.ends_with('X').then(|| route.question(&Zeroizing::new(upper.to_ascii_lowercase())));
            (route.question(upper), lower)
        });
        let ask = |passed| self.stores.0.pass(route.store(), passed);
        match lower {
            None => Ok(Reports(ask(upper).await?, None)),
            Some(lower) => {
                let (upper, lower) = tokio::try_join!(ask(upper), ask(lower))?;
                Ok(Reports(upper, Some(lower)))
            }
        }
    }

    /// Reduces what the store of a route answered. Of two spellings the one counts of which it has something.
    ///
    /// # Errors
    /// When it is no answer, or it has one thing under one spelling and another under the other.
    pub(crate) fn reduce(
        &self,
        route: &Route,
        Reports(upper, lower): &Reports,
        by: &Reduction<'_>,
    ) -> Result<Reduced, StoreError> {
        let of = |report: &Report| route.reduce(report.as_ref().map(|text| text.as_str()), by);
        let one = || match lower {
            None => of(upper),
            Some(lower) => match (of(upper)?, of(lower)?) {
                (upper, lower) if upper.told.is_empty() => Ok(lower),
                (upper, lower) if lower.told.is_empty() || lower.told == upper.told => Ok(upper),
                _ => Err(StoreFault::TwoSpellings),
            },
        };
        let reduced = one().map_err(StoreError::Failed);
        self.stores.0.weighed(route.store(), &reduced);
        reduced
    }
}
