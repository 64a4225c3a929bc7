//! From settings to a route: every name is looked up in the catalogue, and what a member needs must be permitted for the
//! scenario.

use std::sync::Arc;

use credit_policy::{Catalogue, Field, FieldName, Ground, Scenario, Shape as FieldShape, ValueType};
use hyper::header::{HeaderName, HeaderValue};

use super::{
    fault::{MemberFault, RouteError, RouteFault},
    route::{Route, Routes, Sources},
    shape::{Below, Entries, Node, Root, Shape, ValueOf},
    template::Template,
};
use crate::{
    settings::{self, RouteMember, RouteSource, Settings, StoreKind},
    stores::map::{Map, Select},
};

/// Headers that the gateway sets itself, that belong to one connection or to the client, that ask for a part or a copy of an
/// answer, or that are secrets.
const NEVER: [&str; 36] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "age",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "cookie2",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

impl Routes {
    /// Compares the routes of a configuration with the catalogue.
    ///
    /// # Errors
    /// The first fault of each route.
    pub(crate) fn load(settings: &Settings, catalogue: &Arc<Catalogue>) -> Result<Self, Vec<RouteError>> {
        let (mut routes, mut faults) = (Vec::<Arc<Route>>::new(), Vec::new());
        for route in &settings.routes {
            let loaded = load(route, settings, catalogue).and_then(|loaded| {
                let is_same = |before: &Arc<Route>| {
                    before.method == loaded.method && before.template.has_the_path_of(&loaded.template)
                };
                if routes.iter().any(is_same) { Err(RouteFault::Same) } else { Ok(loaded) }
            });
            match loaded {
                Ok(route) => routes.push(Arc::new(route)),
                Err(what) => faults.push(RouteError { route: route.name.clone(), what }),
            }
        }
        if faults.is_empty() { Ok(Self(routes)) } else { Err(faults) }
    }
}

fn load(route: &settings::Route, settings: &Settings, catalogue: &Arc<Catalogue>) -> Result<Route, RouteFault> {
    let template = Template::parse(&route.path, route.body.as_deref())?;
    let unknown = || RouteFault::Scenario(route.scenario.clone());
    let scenario = catalogue.scenario(&route.scenario).ok_or_else(unknown)?;
    if matches!(scenario.ground(), Ground::Person | Ground::Public) {
        return Err(unknown());
    }
    let is_asked = |store: &settings::Store| store.name == route.store && store.kind == StoreKind::Http;
    if !settings.stores.iter().any(is_asked) {
        return Err(RouteFault::Store(route.store.clone()));
    }
    let map = route.map.as_ref().map(|map| Map::open(map, catalogue)).transpose()?;
    let mut loader = Loader { catalogue, scenario, map: map.as_ref(), values: Vec::new(), entries: Vec::new() };
    let root = loader.root(&route.members)?;
    let Loader { values, entries, .. } = loader;
    let ok = route.ok.as_ref().map(|ok| (ok.at.clone(), ok.is.clone()));
    let shape = Shape { root, values, entries, ok };
    let or = |source: &RouteSource, header: &str| {
        if *source == RouteSource::default() {
            RouteSource { header: Some(header.to_owned()), ..RouteSource::default() }
        } else {
            source.clone()
        }
    };
    Ok(Route {
        name: route.name.clone(),
        method: route.method,
        template,
        scenario: route.scenario.clone(),
        store: route.store.clone(),
        headers: route.headers.iter().map(|(name, value)| header(name, value)).collect::<Result<_, _>>()?,
        sources: Sources {
            staff: or(&route.staff, "credit-operator"),
            case: or(&route.case, "credit-case"),
            consent: or(&route.consent, "authorization"),
        },
        map,
        fields: fields(scenario, &shape),
        needs_case: scenario.ground() == Ground::Statute,
        shape,
    })
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), RouteFault> {
    let fault = || RouteFault::Header(name.to_owned());
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| fault())?;
    let value = HeaderValue::from_str(value).map_err(|_| fault())?;
    if NEVER.contains(&parsed.as_str()) { Err(fault()) } else { Ok((parsed, value)) }
}

/// The fields of the scenario that a route tells: its attributes, and what rests on its entries alone. A field that rests on
/// other classes too says less of each than its entries do.
fn fields(scenario: &Scenario, shape: &Shape) -> Vec<FieldName> {
    let is_told = |field: &&Field| {
        let is_value = |of: &ValueOf| matches!(of, ValueOf::Field { field: name, .. } if name == field.name());
        let is_of = |entries: &Entries| match &entries.field {
            Some(name) => name == field.name(),
            None => rests_on_alone(field, entries),
        };
        shape.values.iter().any(is_value) || shape.entries.iter().any(is_of)
    };
    scenario.field_rows().filter(is_told).map(|field| field.name().clone()).collect()
}

fn rests_on_alone(field: &Field, entries: &Entries) -> bool {
    field.shape() != FieldShape::Whole && field.classes().iter().all(|class| entries.data_list.contains(class))
}

struct Loader<'a> {
    catalogue: &'a Catalogue,
    scenario: &'a Scenario,
    map: Option<&'a Map>,
    values: Vec<ValueOf>,
    entries: Vec<Entries>,
}

impl Loader<'_> {
    fn root(&mut self, members: &[RouteMember]) -> Result<Root, RouteFault> {
        let mut node = Node::default();
        for member in members {
            let place = if member.at.is_empty() { "[]".to_owned() } else { member.at.join(".") };
            let at_fault = |what| RouteFault::Member { member: place.clone(), what };
            let below = self.member(member, &place).map_err(at_fault)?;
            match (member.at.as_slice(), members, &below) {
                ([], [_], Below::Entries(_)) => return Ok(Root::Array),
                (path, ..) => node.put(path, below).map_err(|_| at_fault(MemberFault::Clash))?,
            }
        }
        Ok(Root::Object(node))
    }

    fn member(&mut self, member: &RouteMember, place: &str) -> Result<Below, MemberFault> {
        if let Some(source) = &member.source {
            let entries = self.entries_of(source, member, place)?;
            self.entries.push(entries);
            return Ok(Below::Entries(self.entries.len() - 1));
        }
        if !member.show.is_empty() {
            return Err(MemberFault::Shows);
        }
        self.values.push(match &member.field {
            Some(field) => self.value_of(field)?,
            None => ValueOf::Person,
        });
        Ok(Below::Value(self.values.len() - 1))
    }

    fn released(&self, name: &str) -> Result<&Field, MemberFault> {
        let found = self.scenario.field_rows().find(|field| field.name().as_str() == name);
        let scenario = || self.scenario.name().to_string();
        found.ok_or_else(|| MemberFault::Field { scenario: scenario(), field: name.to_owned() })
    }

    /// A field that the scenario releases, and that is an attribute or made from one.
    fn value_of(&self, name: &str) -> Result<ValueOf, MemberFault> {
        let field = self.released(name)?;
        let of = field.base().ok_or_else(|| MemberFault::Derived(name.to_owned()))?;
        let is_yes_no = self.catalogue.field(of.as_str()).is_some_and(|of| of.value_type() == Some(ValueType::YesNo));
        Ok(ValueOf::Field { field: field.name().clone(), of: of.clone(), is_yes_no })
    }

    /// Entries of classes and lists on which fields of the scenario rest.
    fn entries_of(&self, name: &str, member: &RouteMember, place: &str) -> Result<Entries, MemberFault> {
        let (show, field) = (&member.show, member.field.as_deref().map(|name| self.released(name)).transpose()?);
        if field.is_none() && self.scenario.yes_no_only() {
            return Err(MemberFault::YesNoOnly(self.scenario.name().to_string()));
        }
        let sources = self.map.map(|map| map.sources()).unwrap_or_default();
        let source = sources.iter().find(|source| source.name() == name && source.are_entries());
        let source = source.ok_or_else(|| MemberFault::Source(name.to_owned()))?;
        if source.has_attributes() {
            return Err(MemberFault::Attributes);
        }
        if show.is_empty() == field.is_none() {
            return Err(MemberFault::ShowsNothing);
        }
        let (classes, lists, plan) = (source.classes(), source.lists(), self.scenario.plan());
        let class_of = |list| self.catalogue.classes().find(move |class| class.list() == Some(list));
        let other_class = classes.iter().find(|class| !plan.classes().contains(class)).map(ToString::to_string);
        let other_list = lists.iter().find(|list| !plan.lists().contains(list)).map(|list| list.as_str().to_owned());
        if let Some(class) = other_class.or(other_list) {
            return Err(MemberFault::Class { scenario: self.scenario.name().to_string(), class });
        }
        let data_list =
            classes.iter().cloned().chain(lists.iter().filter_map(|list| Some(class_of(*list)?.name().clone())));
        let data_list = data_list.collect();
        let select =
            self.map.and_then(|map| map.selects(plan).into_iter().find(|select| select.source().name() == name));
        let select: Select = select.ok_or_else(|| MemberFault::Source(name.to_owned()))?;
        let (mut read, mut show_node, mut key, mut length) = (Node::default(), Node::default(), None, 0);
        for (at, column) in select.columns().iter().enumerate() {
            // An empty path is the key of entries that do not say whose they are.
            if !column.path().is_empty() {
                read.put(column.path(), Below::Value(at)).map_err(|_| MemberFault::Clash)?;
                key = key.or((at == 0).then_some(0));
            }
            length = at + 1;
        }
        for path in show {
            let known = read.value_at(path);
            let at = known.unwrap_or(length);
            if known.is_none() {
                read.put(path, Below::Value(at)).map_err(|_| MemberFault::Clash)?;
                length += 1;
            }
            show_node.put(path, Below::Value(at)).map_err(|_| MemberFault::Clash)?;
        }
        let place = place.to_owned();
        let field_name = field.map(|field| field.name().clone());
        let entries =
            Entries { place, select, read, key, show: show_node, field: field_name, length, classes, lists, data_list };
        let is_told = match field {
            Some(field) => rests_on_alone(field, &entries),
            None => self.scenario.field_rows().any(|field| rests_on_alone(field, &entries)),
        };
        if is_told {
            return Ok(entries);
        }
        let class = entries.data_list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Err(MemberFault::Class { scenario: self.scenario.name().to_string(), class })
    }
}
