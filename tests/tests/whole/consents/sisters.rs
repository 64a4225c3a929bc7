//! Consents for the holder of one certificate of an institution, presented with another.

use std::time::Duration;

use credit_tests::{Authority, Folder, Gateway, Wish, checked};

use super::{altered, ask, new_jti, thumbprint};
use crate::faults::within;

/// A day of a revocation list.
const DAY_S: i64 = 86_400;
const SOON: Duration = Duration::from_secs(8);

#[test]
fn a_consent_for_another_certificate_is_taken_until_that_one_is_revoked() {
    let authority = Authority::new("an authority");
    let folder = Folder::new();
    let wishes = [Wish::caller("first", 1), Wish::caller("second", 2)];
    authority.take_over(&folder, &wishes, &authority.list(1, &[], DAY_S));
    let two = "\"institutions/first.pem\", \"institutions/second.pem\"";
    folder.set_of_institution("bank", "\"institutions/bank.pem\"", two);
    let gateway = Gateway::serve(folder);
    let (folder, first) = (gateway.folder(), gateway.folder().caller("first"));
    let person = folder.person("clean", 0);
    let given_to = |name: &str| {
        altered(folder, &new_jti(), &person, |grant| {
            (grant.certificate, grant.terms.uses) = (thumbprint(folder, name), 9);
        })
    };
    let (own, sister) = (given_to("first"), given_to("second"));
    // The other one has never called: the configuration has it.
    for token in [&own, &sister] {
        checked::answer(folder, "bank", &ask(&first, token));
    }
    std::fs::write(folder.join("crl.new"), authority.list(2, &[2], DAY_S)).unwrap();
    std::fs::rename(folder.join("crl.new"), folder.join("crl.pem")).unwrap();
    let is = |code: &str| ask(&first, &given_to("second")).code() == code;
    assert!(within(SOON, || is("consent-wrong-institution")), "the list is in force");
    let reply = ask(&first, &sister);
    let leaf = checked::refusal(folder, "bank", &reply, 403, "consent-wrong-institution");
    assert!(leaf.json.get("ground").is_none());
    checked::answer(folder, "bank", &ask(&first, &own));
    // What was on hold comes back.
    std::fs::write(folder.join("crl.new"), authority.list(3, &[], DAY_S)).unwrap();
    std::fs::rename(folder.join("crl.new"), folder.join("crl.pem")).unwrap();
    assert!(within(SOON, || is("")), "the list is in force");
    checked::answer(folder, "bank", &ask(&first, &sister));
}
