//! What changes at the second gateway while a query of the first is under way there: nothing is answered that would be
//! refused now.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_tests::{
    Authority, Folder, Reply, Wish, checked,
    query::{look_up, with},
};
use serde_json::Value;

use super::{PEER, Pair};
use crate::{
    consents::{altered, bearer, loan, new_jti, thumbprint, withdraw},
    faults::within,
    stores::http::{Truth, behind, service::Service},
};

const LONG_S: i64 = 2 * 86_400;
const SOON: Duration = Duration::from_secs(10);

/// A second gateway whose store answers while it may, and which knows the certificate of an end institution: it was shown there.
struct Held {
    pair: Pair,
    authority: Authority,
    /// The list of the authority of all others.
    list: String,
    store: Arc<Service>,
    may_answer: Arc<AtomicBool>,
    number: String,
}

impl Held {
    fn new() -> Self {
        let authority = Authority::new("of an end institution");
        let may_answer = Arc::new(AtomicBool::new(true));
        let (mut store, mut list) = (None, String::new());
        let pair = Pair::with_second(|folder| {
            let (truth, may_answer) = (Truth::of(folder), Arc::clone(&may_answer));
            let service = Service::plain(move |asked| {
                let found = truth.answer(asked);
                while !may_answer.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                found
            });
            behind(folder, &service.url(), "");
            folder.replace_in_config("timeout_ms = 1000", "timeout_ms = 20000");
            store = Some(service);
            authority.put(folder, &Wish::caller("spare", 7));
            let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
            fs::write(folder.join("both.pem"), read("ca.pem") + &authority.pem()).unwrap();
            folder.replace_in_config("authorities = \"ca.pem\"", "authorities = \"both.pem\"");
            list = read("crl.pem");
            fs::write(folder.join("crl.pem"), format!("{list}{}", authority.list(1, &[], LONG_S))).unwrap();
        });
        let number = pair.first.folder().person("clean", 22);
        let shown = pair.second.folder().caller("spare").ask(&look_up(&number));
        assert_eq!(shown.code(), "certificate-unknown");
        Self { pair, authority, list, store: Arc::new(store.unwrap()), may_answer, number }
    }

    fn second(&self) -> &Folder {
        self.pair.second.folder()
    }

    /// A look-up for an institution that has this certificate.
    fn of_spare(&self) -> Value {
        let mut asked = self.pair.body(&self.number);
        asked["on_behalf"]["certificate"] = URL_SAFE_NO_PAD.encode(thumbprint(self.second(), "spare")).into();
        asked
    }

    /// What is answered to a query while whose store is asked something else happens.
    fn while_under_way(&self, body: Value, headers: &[(&str, &str)], change: impl FnOnce()) -> Reply {
        self.may_answer.store(false, Ordering::SeqCst);
        let before = self.store.asked().len();
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| self.pair.direct(&body, headers));
            assert!(within(SOON, || self.store.asked().len() > before), "the store is asked");
            change();
            self.may_answer.store(true, Ordering::SeqCst);
            asked.join().unwrap()
        })
    }

    /// Registers the end institution here too, with the same certificate.
    fn register(&self) {
        let (config, certificate) = (self.second().config(), self.second().join("institutions/spare.pem"));
        let [config, certificate] = [&config, &certificate].map(|path| path.to_str().unwrap());
        let add = ["institution", "add", "spare", "--kind", "bank", "--certificate", certificate, "--config", config];
        drop(credit_tests::gateway(&add).held());
    }

    /// A refusal for the end institution, now and asked anew.
    #[track_caller]
    fn refused(&self, reply: &Reply) {
        for reply in [reply, &self.pair.direct(&self.of_spare(), &[])] {
            let leaf = checked::refusal(self.second(), PEER, reply, 403, "scenario-not-allowed");
            assert!(leaf.json.get("fields").is_none() && reply.text().contains("on_behalf"), "{}", reply.text());
        }
    }

    #[track_caller]
    fn answered(&self) {
        checked::answer(self.second(), PEER, &self.pair.direct(&self.of_spare(), &[]));
    }
}

#[test]
fn an_end_institution_whose_certificate_is_revoked_meanwhile_is_not_answered() {
    let held = Held::new();
    held.answered();
    let taken = |times: usize| {
        held.pair.second.err().wait(|text| text.matches("a new revocation list is in force").count() == times)
    };
    let put = |number, revoked: &[u8]| {
        fs::write(
            held.second().join("crl.new"),
            format!("{}{}", held.list, held.authority.list(number, revoked, LONG_S)),
        )
        .unwrap();
        fs::rename(held.second().join("crl.new"), held.second().join("crl.pem")).unwrap();
    };
    let reply = held.while_under_way(held.of_spare(), &[], || {
        put(2, &[7]);
        assert!(taken(1));
    });
    held.refused(&reply);
    // A list that changes nothing for it refuses nothing.
    put(3, &[]);
    assert!(taken(2));
    let reply = held.while_under_way(held.of_spare(), &[], || {
        put(4, &[9]);
        assert!(taken(3));
    });
    checked::answer(held.second(), PEER, &reply);
    crate::consents::assert_sound(held.second());
}

#[test]
fn an_end_institution_that_is_registered_there_meanwhile_is_not_answered() {
    let held = Held::new();
    held.answered();
    let reply = held.while_under_way(held.of_spare(), &[], || held.register());
    held.refused(&reply);
    crate::consents::assert_sound(held.second());
}

#[test]
fn a_consent_that_is_withdrawn_there_meanwhile_is_answered_to_nobody() {
    let held = Held::new();
    let (first, jti) = (held.pair.first.folder(), new_jti());
    let token = altered(first, &jti, &held.number, |_| ());
    let asked = with(loan(), "on_behalf", held.pair.on_behalf("bank", "bank"));
    let reply = held.while_under_way(asked, &[("authorization", &bearer(&token))], || {
        assert_eq!(withdraw(held.second(), &jti).status.as_u16(), 200);
    });
    let leaf = checked::refusal(held.second(), PEER, &reply, 403, "consent-revoked");
    assert!(leaf.json.get("fields").is_none());
    crate::consents::assert_sound(held.second());
}
