//! A browser as far as this door needs one: it keeps cookies and follows nothing by itself.

use std::{collections::BTreeMap, sync::Mutex};

use credit_tests::{Caller, Folder, Reply, Tls};
use hyper::Method;

/// The door's place among the ports.
const DOOR: u16 = 1;

/// The browser of one person.
pub(crate) struct Browser {
    door: Caller,
    pub(crate) address: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    pub(crate) fn new(folder: &Folder) -> Self {
        let port = folder.port_base() + DOOR;
        let door = Tls::nobody(folder.path()).caller(port);
        Self { door, address: format!("https://127.0.0.1:{port}"), cookies: Mutex::default() }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[("accept", "text/html"), ("accept-language", "en")], "")
    }

    #[track_caller]
    pub(crate) fn json(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[("accept", "application/json"), ("accept-language", "en")], "")
    }

    /// A form, as a page of this door sends it.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, form: &str, headers: &[(&str, &str)]) -> Reply {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded"), ("accept-language", "en")];
        all.extend(headers);
        self.send(Method::POST, path, &all, form)
    }

    /// What a program sends: JSON.
    #[track_caller]
    pub(crate) fn send_json(&self, method: Method, path: &str, body: &serde_json::Value) -> Reply {
        let headers = [("content-type", "application/json"), ("accept", "application/json"), ("accept-language", "en")];
        self.send(method, path, &headers, &body.to_string())
    }

    #[track_caller]
    pub(crate) fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let cookies: Vec<_> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut all = headers.to_vec();
        if !cookies.is_empty() {
            all.push(("cookie", &cookies));
        }
        let reply = self.door.send(method, path, &all, body.to_owned());
        for line in reply.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            assert!(
                line.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax") || line.contains("SameSite=Lax; Max-Age=")
            );
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            match line.contains("Max-Age=0") {
                true => drop(self.cookies.lock().unwrap().remove(name)),
                false => drop(self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned())),
            }
        }
        reply
    }

    /// From the link `login` to where the service sends the browser back to: path and query.
    #[track_caller]
    pub(crate) fn to_callback(&self, login: &str) -> String {
        let begun = self.get(login);
        assert_eq!(begun.status, 303, "{}", begun.text());
        let authorize = begun.header("location").unwrap().to_owned();
        let back = super::service::visit(&authorize);
        let back = back.unwrap_or_else(|| panic!("the service does not send back from {authorize}"));
        back.strip_prefix(&self.address).unwrap_or_else(|| panic!("back to {back}")).to_owned()
    }

    /// A whole login; gives the answer to its last step.
    #[track_caller]
    pub(crate) fn log_in(&self) -> Reply {
        let callback = self.to_callback("/login?next=/me/report");
        self.get(&callback)
    }

    /// The button *Log out*; gives the answer, which leads to the service.
    #[track_caller]
    pub(crate) fn log_out(&self) -> Reply {
        self.post("/logout", &format!("form={}", self.form_token()), &[("origin", &self.address)])
    }

    /// Goes to the service, which sends the browser back at once: the path and query here.
    #[track_caller]
    pub(crate) fn through(&self, reply: &Reply) -> String {
        assert_eq!(reply.status, 303, "{}", reply.text());
        let address = reply.header("location").unwrap();
        let back = super::service::visit(address).unwrap_or_else(|| panic!("no way back from {address}"));
        back.strip_prefix(&self.address).unwrap_or_else(|| panic!("back to {back}")).to_owned()
    }

    /// The token of forms on a page.
    #[track_caller]
    pub(crate) fn form_token(&self) -> String {
        let page = self.get("/").text();
        let (_, rest) = page.split_once("name=\"form\" value=\"").expect("a form");
        rest.split('"').next().unwrap().to_owned()
    }
}
