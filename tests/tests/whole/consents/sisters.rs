//! Consents for the holder of one certificate of an institution, presented with another.

use std::time::Duration;

use credit_tests::{Authority, Folder, Gateway, Wish, checked, gateway};

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

#[test]
fn a_certificate_that_was_added_by_command_counts_before_it_ever_called_and_over_restarts() {
    let authority = Authority::new("an authority");
    let folder = Folder::new();
    let wishes = [Wish::caller("first", 1), Wish::caller("second", 2)];
    authority.take_over(&folder, &wishes, &authority.list(1, &[], DAY_S));
    folder.set_of_institution("bank", "\"institutions/bank.pem\"", "\"institutions/first.pem\"");
    let process = Gateway::serve(folder);
    let folder = process.folder();
    let token = altered(folder, &new_jti(), &folder.person("clean", 0), |grant| {
        (grant.certificate, grant.terms.uses) = (thumbprint(folder, "second"), 9);
    });
    let asked = |folder: &Folder| ask(&folder.caller("first"), &token);
    let change = |folder: &Folder, what: &str| {
        let (config, file) = (folder.config(), folder.join("institutions/second.pem"));
        let [config, file] = [&config, &file].map(|path| path.to_str().unwrap());
        drop(gateway(&["institution", what, "bank", "--certificate", file, "--config", config]).held());
    };
    let refused = |folder: &Folder| checked::refusal(folder, "bank", &asked(folder), 403, "consent-wrong-institution");
    let _ = refused(folder);
    change(folder, "add-certificate");
    checked::answer(folder, "bank", &asked(folder));
    let process = Gateway::serve(process.stop());
    checked::answer(process.folder(), "bank", &asked(process.folder()));
    let folder = process.stop();
    change(&folder, "remove-certificate");
    let process = Gateway::serve(folder);
    let _ = refused(process.folder());
    // Without a gateway it is added as well; what revokes it counts as for one that calls.
    let folder = process.stop();
    change(&folder, "add-certificate");
    let process = Gateway::serve(folder);
    checked::answer(process.folder(), "bank", &asked(process.folder()));
    let folder = process.stop();
    std::fs::write(folder.join("crl.pem"), authority.list(2, &[2], DAY_S)).unwrap();
    let process = Gateway::serve(folder);
    let _ = refused(process.folder());
    // What is kept for this is no more than a help: damaged, it is told, and refuses what is not known.
    let folder = process.stop();
    std::fs::write(folder.join("crl.pem"), authority.list(3, &[], DAY_S)).unwrap();
    std::fs::write(folder.join("data/certificates.json"), "{").unwrap();
    let process = Gateway::serve(folder);
    assert!(process.err().wait(|text| text.contains("certificates.json")));
    let _ = refused(process.folder());
}
