//! Routes as OpenAPI 3.1 describes them, for the programs of those who ask by them. What goes to the store and to nobody else
//! (its name, its headers) is not in it.

use serde_json::{Map, Value, json};

use super::{
    route::{Route, Routes, Sources},
    shape::{Below, Node, Root, ValueOf},
    template::NUMBER,
};
use crate::settings::{RouteMethod, RouteSource};

/// The refusals of every query, by status.
const REFUSALS: [(&str, &str); 14] = [
    ("400", "BadRequest"),
    ("401", "Unauthorized"),
    ("403", "Forbidden"),
    ("404", "NotFound"),
    ("405", "MethodNotAllowed"),
    ("408", "RequestTimeout"),
    ("409", "Conflict"),
    ("413", "PayloadTooLarge"),
    ("429", "TooManyRequests"),
    ("431", "HeadersTooLarge"),
    ("500", "InternalError"),
    ("502", "StoreFailed"),
    ("503", "Unavailable"),
    ("504", "StoreTimeout"),
];

/// A field of an answer.
const VALUE: &str = "#/components/schemas/Value";

/// The headers of answers that queries have in their body.
const HEADERS: [(&str, &str); 3] = [
    ("Credit-Query", "查询编号 · the id of the query"),
    ("Credit-Receipt", "JSON，即答复中的 `receipt` · JSON: the `receipt` of an answer"),
    (
        "Credit-Answer",
        "JSON，即答复的其他成员 · JSON: the other members of an answer (`scenario`, `subject`, `catalogue`, `marks`, `obligations`)",
    ),
];

impl Routes {
    /// Adds each route to the description of the interface.
    pub(crate) fn describe(&self, document: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        let headers = document.get_mut("components").and_then(|components| components.get_mut("headers"));
        if let Some(headers) = headers.and_then(Value::as_object_mut) {
            let described = HEADERS
                .map(|(name, told)| (name.to_owned(), json!({"description": told, "schema": {"type": "string"}})));
            headers.extend(described);
        }
        let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
        for route in &self.0 {
            let method = if route.takes_body() { "post" } else { "get" };
            let item = paths.entry(route.template.path_text()).or_insert_with(|| json!({}));
            if let Some(item) = item.as_object_mut() {
                item.insert(method.to_owned(), route.operation());
            }
        }
    }

    /// Those of a scenario.
    pub(crate) fn of_scenario(&self, scenario: &str) -> impl Iterator<Item = &Route> {
        self.0.iter().map(AsRef::as_ref).filter(move |route| route.scenario() == scenario)
    }

    /// Those of a store.
    pub(crate) fn of_store(&self, store: &str) -> impl Iterator<Item = &Route> {
        self.0.iter().map(AsRef::as_ref).filter(move |route| route.store() == store)
    }
}

impl Route {
    /// Method and path, as the configuration has them.
    pub(crate) fn address(&self) -> String {
        let method = match self.method {
            RouteMethod::Get => "GET",
            RouteMethod::Post => "POST",
        };
        format!("{method} {}", self.template.target(NUMBER).as_str())
    }

    /// The members that may leave, in their order: a path each.
    pub(crate) fn shown(&self) -> Vec<String> {
        let mut shown = Vec::new();
        match &self.shape.root {
            Root::Object(node) => self.walk(node, "", &mut shown),
            Root::Array => self.walk_entries(0, "[]", &mut shown),
        }
        shown
    }

    fn walk(&self, node: &Node, above: &str, shown: &mut Vec<String>) {
        for member in &node.members {
            let place = if above.is_empty() { member.name.clone() } else { format!("{above}.{}", member.name) };
            match &member.below {
                Below::Node(node) => self.walk(node, &place, shown),
                Below::Value(_) => shown.push(place),
                Below::Entries(at) => self.walk_entries(*at, &format!("{place}[]"), shown),
            }
        }
    }

    fn walk_entries(&self, at: usize, place: &str, shown: &mut Vec<String>) {
        match self.shape.entries.get(at) {
            Some(entries) if entries.field.is_none() => self.walk(&entries.show, place, shown),
            Some(_) | None => shown.push(place.trim_end_matches("[]").to_owned()),
        }
    }

    fn operation(&self) -> Value {
        let mut parameters = self.template.parameters();
        for (source, is_needed) in [(&self.sources.staff, true), (&self.sources.case, self.needs_case)] {
            parameters.extend(parameter(source, is_needed));
        }
        if !self.takes_bearer() {
            parameters.extend(parameter(&self.sources.consent, false));
        }
        for known in ["Accept-Language", "Prefer", "Idempotency-Key"] {
            parameters.push(json!({"$ref": format!("#/components/parameters/{known}")}));
        }
        let refusals = REFUSALS
            .map(|(status, name)| (status.to_owned(), json!({"$ref": format!("#/components/responses/{name}")})));
        let mut responses: Map<_, _> = refusals.into_iter().collect();
        responses.insert("200".to_owned(), self.answer());
        let mut operation = json!({
            "tags": ["query"],
            "operationId": format!("route-{}", self.name),
            "summary": format!("{} ({})", self.name, self.scenario),
            "x-scenario": self.scenario,
            "x-fields": self.fields,
            "parameters": parameters,
            "responses": responses,
        });
        if let Some(operation) = operation.as_object_mut() {
            if self.takes_bearer() {
                operation.insert("security".to_owned(), json!([{}, {"consent": []}]));
            }
            if let Some(schema) = self.body_schema() {
                let body = json!({"required": true, "content": {"application/json": {"schema": schema}}});
                operation.insert("requestBody".to_owned(), body);
            }
        }
        operation
    }

    /// The body that clients send: the members of the route, and what comes from members of its top.
    fn body_schema(&self) -> Option<Value> {
        let mut schema = self.template.body_schema()?;
        let Sources { staff, case, consent } = &self.sources;
        let sources = [(staff, true), (case, self.needs_case), (consent, false)];
        for (source, is_needed) in sources {
            let Some(member) = &source.member else { continue };
            if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
                properties.insert(member.clone(), json!({"type": "string"}));
            }
            if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut).filter(|_| is_needed) {
                required.push(json!(member));
            }
        }
        Some(schema)
    }

    fn answer(&self) -> Value {
        let schema = match &self.shape.root {
            Root::Object(node) => self.object(node, false),
            Root::Array => self.entries(0),
        };
        let header = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
        json!({
            "description": "所列成员，其余一律移除；`Credit-Answer`、`Credit-Receipt` 为查询答复的其他成员。\n\nThe listed members and no other one; `Credit-Answer` and `Credit-Receipt` have the other members of an answer.",
            "headers": {
                "Cache-Control": header("Cache-Control"),
                "Credit-Query": header("Credit-Query"),
                "Credit-Receipt": header("Credit-Receipt"),
                "Credit-Answer": header("Credit-Answer"),
            },
            "content": {"application/json": {"schema": schema}},
        })
    }

    /// No member is said to be there: a consent may cover some, and of an entry what the store leaves out is left out.
    fn object(&self, node: &Node, is_of_entry: bool) -> Value {
        let mut properties = Map::new();
        for member in &node.members {
            let schema = match &member.below {
                Below::Node(node) => self.object(node, is_of_entry),
                Below::Value(_) if is_of_entry => json!({}),
                Below::Value(at) => self.value(*at),
                Below::Entries(at) => self.entries(*at),
            };
            properties.insert(member.name.clone(), schema);
        }
        json!({"type": "object", "properties": properties, "additionalProperties": false})
    }

    fn value(&self, at: usize) -> Value {
        match self.shape.values.get(at) {
            Some(ValueOf::Person) => json!({"$ref": "#/components/schemas/Pseudonym"}),
            // What is made of the store's value has its form here; what is kept has the store's.
            Some(ValueOf::Field { field, of, .. }) if field != of => {
                json!({"$ref": VALUE, "x-field": field})
            }
            Some(ValueOf::Field { field, .. }) => json!({"x-field": field}),
            None => json!({}),
        }
    }

    fn entries(&self, at: usize) -> Value {
        match self.shape.entries.get(at) {
            Some(entries) => match &entries.field {
                Some(field) => json!({"$ref": VALUE, "x-field": field}),
                None => {
                    json!({"type": "array", "items": self.object(&entries.show, true), "x-classes": entries.data_list})
                }
            },
            None => json!({}),
        }
    }
}

/// A header or parameter that a text comes from.
fn parameter(source: &RouteSource, is_needed: bool) -> Option<Value> {
    let (name, place) = match source {
        RouteSource { header: Some(name), .. } => (name, "header"),
        RouteSource { parameter: Some(name), .. } => (name, "query"),
        RouteSource { .. } => return None,
    };
    Some(json!({"name": name, "in": place, "required": is_needed, "schema": {"type": "string"}}))
}
