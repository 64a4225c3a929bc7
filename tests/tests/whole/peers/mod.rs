//! Two gateways: the first asks the second for its institutions. Each decides, each records, and the two leaves name each
//! other.

mod linked;

use std::fs;

use credit_tests::{Folder, Gateway, Leaf, Reply, query::look_up};

use crate::{
    consents::{bearer, loan},
    doors::foreign_origin,
};

/// For whom the second gateway lets the first ask.
const ENDS: &str = r#"["bank:bank", "housing:housing-department"]"#;
/// As whom the second gateway knows the first.
const PEER: &str = "employer";

/// The gateway that institutions ask, and the one that it asks.
struct Pair {
    first: Gateway,
    second: Gateway,
}

impl Pair {
    fn new() -> Self {
        Self::with(|_| (), |_| ())
    }

    /// With folders as a test alters them.
    fn with(first: impl FnOnce(&Folder), second: impl FnOnce(&Folder)) -> Self {
        let folder = foreign_origin();
        known_as_gateway(&folder);
        second(&folder);
        let second = Gateway::serve(folder);
        let folder = Folder::new();
        fs::copy(second.folder().log().join("log.vkey"), folder.join("second.vkey")).unwrap();
        asks(&folder, second.folder().port_base());
        first(&folder);
        Self { first: Gateway::serve(folder), second }
    }

    /// What the first answers the housing department about a person.
    fn look_up(&self, number: &str) -> Reply {
        self.first.folder().caller("housing").ask(&look_up(number))
    }

    /// What the first answers the bank on a consent.
    fn loan(&self, token: &str) -> Reply {
        self.first.folder().caller("bank").ask_with(&loan(), &[("authorization", &bearer(token))])
    }

    /// The queries on the second's record.
    fn there(&self) -> Vec<Leaf> {
        let mut leaves = self.second.folder().leaves();
        leaves.retain(|leaf| leaf.text("kind") == "query");
        leaves
    }
}

/// In the folder's register, the first gateway stands in the place of the employer.
fn known_as_gateway(folder: &Folder) {
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
