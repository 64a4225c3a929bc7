//! A route as it is served, and which one a request is of.

use std::sync::Arc;

use credit_policy::FieldName;
use hyper::{
    Method,
    header::{HeaderName, HeaderValue},
};

use super::{shape::Shape, template::Template};
use crate::{
    settings::{RouteMethod, RouteSource},
    stores::{contract::Passed, map::Map},
};

/// One route, compared with the catalogue.
pub(crate) struct Route {
    pub(super) name: String,
    pub(super) method: RouteMethod,
    pub(super) template: Template,
    pub(super) scenario: String,
    pub(super) store: String,
    pub(super) headers: Arc<[(HeaderName, HeaderValue)]>,
    /// Where texts of a request come from.
    pub(crate) sources: Sources,
    pub(super) map: Option<Map>,
    pub(super) shape: Shape,
    pub(super) fields: Vec<FieldName>,
    /// Whether its scenario rests on a statute, so that each query names its case.
    pub(super) needs_case: bool,
}

/// Where the texts of a request come from.
pub(crate) struct Sources {
    /// The id of the member of staff.
    pub(crate) staff: RouteSource,
    /// The case number.
    pub(crate) case: RouteSource,
    /// The consent token.
    pub(crate) consent: RouteSource,
}

/// The routes.
#[derive(Default)]
pub(crate) struct Routes(pub(super) Vec<Arc<Route>>);

/// What is at a path.
pub(crate) enum At {
    /// No route.
    Nothing,
    /// Routes of other methods: the ones that the path takes.
    Method(&'static str),
    /// A route.
    Route(Arc<Route>),
}

impl Routes {
    /// What a request of this method asks for at a path.
    pub(crate) fn at(&self, method: &Method, path: &str) -> At {
        let here = || self.0.iter().filter(|route| route.template.path(path).is_some());
        // A path that is written out goes before one that has the number in that place.
        let mut of_method = here().filter(|route| route.method() == *method);
        let written_out = of_method.clone().find(|route| route.template.path(path) == Some(None));
        if let Some(route) = written_out.or_else(|| of_method.next()) {
            return At::Route(Arc::clone(route));
        }
        let takes = |method: RouteMethod| here().any(|route| route.method == method);
        match (takes(RouteMethod::Get), takes(RouteMethod::Post)) {
            (true, true) => At::Method("GET, POST"),
            (true, false) => At::Method("GET"),
            (false, true) => At::Method("POST"),
            (false, false) => At::Nothing,
        }
    }
}

impl Route {
    fn method(&self) -> Method {
        match self.method {
            RouteMethod::Get => Method::GET,
            RouteMethod::Post => Method::POST,
        }
    }

    /// Its name in messages, and in what makes two questions the same.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The scenario of its queries.
    pub(crate) fn scenario(&self) -> &str {
        &self.scenario
    }

    /// The store that it asks.
    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    /// The fields that its members are of or rest on, sorted.
    pub(crate) fn fields(&self) -> &[FieldName] {
        &self.fields
    }

    /// How requests look.
    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    /// Whether requests have a body.
    pub(crate) fn takes_body(&self) -> bool {
        self.method == RouteMethod::Post
    }

    /// Whether consents come in the header `Authorization`.
    pub(crate) fn takes_bearer(&self) -> bool {
        self.sources.consent.header.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("authorization"))
    }

    /// What the store is asked about a number in one spelling.
    pub(crate) fn question(&self, number: &str) -> Passed {
        Passed {
            method: self.method(),
            path: self.template.target(number),
            body: self.template.sent(number),
            headers: Arc::clone(&self.headers),
        }
    }
}
