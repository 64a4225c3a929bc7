//! `[[route]]`: a method and a path of an interface that clients ask already, bound to a scenario.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use schemars::JsonSchema;
use serde::Deserialize;

/// One route (`docs/stores.md`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Its name in messages: up to 32 lower-case letters, digits and hyphens.
    pub name: String,
    /// The method, of the client and of the store alike.
    pub method: RouteMethod,
    /// The path, with its query string where it has one; below the address of the store it is the same. `{citizen_number}`
    /// stands for the number, here or in `body`, once.
    pub path: String,
    /// Of method POST: the JSON object that is sent, in which a string `{citizen_number}` may stand for the number.
    pub body: Option<String>,
    /// The scenario that every request is a query for.
    pub scenario: String,
    /// The store of kind `http` that has the interface.
    pub store: String,
    /// Headers that are sent to the store with each request. No header of a client is.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Where the id of the member of staff comes from; left out = the header `Credit-Operator`.
    #[serde(default)]
    pub staff: RouteSource,
    /// Where the case number comes from; left out = the header `Credit-Case`.
    #[serde(default)]
    pub case: RouteSource,
    /// Where the consent token comes from; left out = the header `Authorization`, as `Bearer`.
    #[serde(default)]
    pub consent: RouteSource,
    /// What the store's answer says where it is in order. An interface that sends its errors with the status 200 needs it.
    pub ok: Option<RouteOk>,
    /// The map that says how entries of arrays are read: a file that ends in `.toml`, as for stores.
    pub map: Option<PathBuf>,
    /// The members of the store's JSON that may leave, in the order in which they are answered. No other one does.
    #[serde(rename = "member", default)]
    pub members: Vec<RouteMember>,
}

/// What an answer says where it is in order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteOk {
    /// The path of the member that says so, from the top, a name a step.
    pub at: Vec<String>,
    /// What it must be: one of these texts, numbers as digits.
    pub is: Vec<String>,
}

/// The method of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RouteMethod {
    /// GET.
    Get,
    /// POST, with a JSON object.
    Post,
}

/// Where a text of a request comes from: one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteSource {
    /// A header.
    pub header: Option<String>,
    /// A parameter of the query string.
    pub parameter: Option<String>,
    /// A member of the JSON object that is sent, at its top.
    pub member: Option<String>,
}

/// One member of the store's JSON that may leave.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteMember {
    /// Its path from the top, a name a step; of an array that is the whole answer no step.
    pub at: Vec<String>,
    /// The field of the scenario that its value is of: an attribute, or made from one, and then that is answered in its place.
    /// Beside `source`, the field that is answered in the place of the entries, which it rests on alone.
    pub field: Option<String>,
    /// True where it is the person's number: it must be the one that was asked about, and a pseudonym is answered.
    #[serde(default)]
    pub person: bool,
    /// The source of the map that its entries are rows of, where it is an array of objects.
    pub source: Option<String>,
    /// The members of an entry that may leave, in the order in which they are answered: a path each.
    #[serde(default)]
    pub show: Vec<Vec<String>>,
}

impl RouteSource {
    fn is_one(&self) -> bool {
        let given = [&self.header, &self.parameter, &self.member];
        given.into_iter().flatten().count() <= 1
    }
}

impl Route {
    /// What is wrong with it by itself, a line each.
    fn faults(&self) -> Vec<String> {
        let (mut faults, name) = (Vec::new(), &self.name);
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 32 || !name.chars().all(is_name) {
            faults.push(format!("route `{name}`: its name must be 1 to 32 lower-case letters, digits and hyphens"));
        }
        if self.body.is_some() != (self.method == RouteMethod::Post) {
            faults.push(format!("route `{name}`: `body` belongs to method POST, and is needed there"));
        }
        for (of, source) in [("staff", &self.staff), ("case", &self.case), ("consent", &self.consent)] {
            if !source.is_one() {
                faults.push(format!("route `{name}`: give one of `header`, `parameter` and `member` for `{of}`"));
            }
            if source.member.is_some() && self.method == RouteMethod::Get {
                faults.push(format!("route `{name}`: a request of method GET has no member for `{of}`"));
            }
        }
        if self.ok.as_ref().is_some_and(|ok| ok.at.is_empty() || ok.is.is_empty()) {
            faults.push(format!("route `{name}`: `ok` needs a path in `at` and a value in `is`"));
        }
        if self.members.is_empty() {
            faults.push(format!("route `{name}`: list at least one `[[route.member]]`: nothing else leaves"));
        }
        for member in &self.members {
            let is_of_one_kind = member.person != (member.field.is_some() || member.source.is_some());
            if !is_of_one_kind {
                let at = member.at.join(".");
                faults.push(format!(
                    "route `{name}`, member `{at}`: give `person`, or `field` and `source`, or one of these"
                ));
            }
        }
        faults
    }
}

/// What is wrong with the routes, a line each.
pub(super) fn faults(routes: &[Route]) -> Vec<String> {
    let mut faults: Vec<_> = routes.iter().flat_map(Route::faults).collect();
    let mut names = BTreeSet::new();
    for route in routes {
        if !names.insert(&route.name) {
            faults.push(format!("route `{}`: another route has this name", route.name));
        }
    }
    faults
}
