//! Two gateways: the first asks the second for its institutions. Each decides, each records, and the two leaves name each
//! other.

mod configured;
mod crashes;
pub(crate) mod hostile;
mod limits;
mod linked;
mod refused;
mod renewed;
mod sent;
mod under_way;

use std::fs;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_tests::{
    Folder, Gateway, Leaf, Reply, audit,
    query::{look_up, with},
};
use serde_json::{Value, json};

use crate::{
    consents::{assert_sound, bearer, loan, thumbprint},
    doors::foreign_origin,
};

/// For whom the second gateway lets the first ask.
pub(crate) const ENDS: &str = r#"["bank:bank", "housing:housing-department"]"#;
/// As whom the second gateway knows the first.
pub(crate) const PEER: &str = "employer";

/// The gateway that institutions ask, and the one that it asks.
pub(crate) struct Pair {
    pub(crate) first: Gateway,
    pub(crate) second: Gateway,
}

impl Pair {
    fn new() -> Self {
        Self::with(|_| (), |_| ())
    }

    /// With another second gateway, before which the first stands.
    fn with_second(second: impl FnOnce(&Folder)) -> Self {
        Self::with(|_| (), second)
    }

    /// With folders as a test alters them.
    fn with(first: impl FnOnce(&Folder), second: impl FnOnce(&Folder)) -> Self {
        let folder = Folder::new();
        Self::with_folder(folder, |folder, first_folder| {
            second(folder);
            first(first_folder);
        })
    }

    /// With a folder of the first gateway, which gets the second in the place of its store; both as a test alters them.
    pub(crate) fn with_folder(first: Folder, alter: impl FnOnce(&Folder, &Folder)) -> Self {
        let folder = foreign_origin();
        known_as_gateway(&folder);
        asks(&first, folder.port_base());
        alter(&folder, &first);
        let second = Gateway::serve(folder);
        fs::copy(second.folder().log().join("log.vkey"), first.join("second.vkey")).unwrap();
        Self { first: Gateway::serve(first), second }
    }

    /// What the first answers the housing department about a person.
    fn look_up(&self, number: &str) -> Reply {
        self.first.folder().caller("housing").ask(&look_up(number))
    }

    /// What the first answers the bank on a consent.
    fn loan(&self, token: &str) -> Reply {
        self.first.folder().caller("bank").ask_with(&loan(), &[("authorization", &bearer(token))])
    }

    /// What the second answers whoever calls it as the first gateway.
    fn direct(&self, body: &Value, headers: &[(&str, &str)]) -> Reply {
        self.second.folder().caller(PEER).ask_with(body, headers)
    }

    /// The look-up of the first's housing department, as the first gateway sends it.
    fn body(&self, number: &str) -> Value {
        with(look_up(number), "on_behalf", self.on_behalf("housing", "housing-department"))
    }

    /// For whom the first gateway asks.
    fn on_behalf(&self, institution: &str, kind: &str) -> Value {
        let folder = self.first.folder();
        let certificate = URL_SAFE_NO_PAD.encode(thumbprint(folder, institution));
        json!({
            "institution": institution, "kind": kind, "certificate": certificate,
            "origin": folder.vkey().name(), "query": uuid::Uuid::now_v7().to_string(),
        })
    }

    /// Both logs, each by itself, with the other, and decided again.
    fn sound(&self) -> Value {
        let (first, second) = (self.first.folder(), self.second.folder());
        for folder in [first, second] {
            assert_sound(folder);
        }
        drop(compared(first, second));
        compared(second, first)
    }

    /// The queries on the second's record.
    fn there(&self) -> Vec<Leaf> {
        let mut leaves = self.second.folder().leaves();
        leaves.retain(|leaf| leaf.text("kind") == "query");
        leaves
    }
}

/// In the folder's register, the first gateway stands in the place of the employer, and none of its institutions: both folders
/// have the same certificates.
fn known_as_gateway(folder: &Folder) {
    ["bank", "housing", "supervisor"].into_iter().for_each(|end| folder.unregister(end));
    folder.set_of_institution(PEER, "kind = \"employer\"", &format!("kind = \"gateway\"\non_behalf_of = {ENDS}"));
    folder.set_of_institution(PEER, "rate_per_s = 5\nburst = 10\n", "rate_per_s = 500\nburst = 1000\n");
}

/// The folder's gateway asks the one at that port, and has no other store.
fn asks(folder: &Folder, port: u16) {
    let store = format!(
        "kind = \"gateway\"\nurl = \"https://127.0.0.1:{port}\"\nauthorities = \"ca.pem\"\ncertificate = \"institutions/{PEER}.pem\"\nkey = \"institutions/{PEER}.key\"\nvkey = \"second.vkey\"\n"
    );
    folder.replace_in_config("kind = \"sqlite\"\npath = \"data/store.sqlite\"\n", &store);
    // Two gateways share the cores of a test.
    folder.replace_in_config("timeout_ms = 1000", "timeout_ms = 10000");
}

/// What `credit-audit verify` says of the links of two logs.
fn compared(folder: &Folder, other: &Folder) -> Value {
    let (log, vkey, peer) = (folder.log(), folder.log().join("log.vkey"), other.join("data"));
    let [log, vkey, peer] = [&log, &vkey, &peer].map(|path| path.to_str().expect("a path"));
    let told = audit(&["verify", log, "--vkey", vkey, "--peer", peer, "--json"]).held();
    let told: Value = serde_json::from_str(&told).expect("JSON");
    told["links"].clone()
}
