//! What one gateway was told to withhold, none of them tells a second later.

use std::time::Instant;

use credit_tests::{Gateway, checked, gateway, query::look_up};

use super::{SECOND, callers, of_ten_uses, replicas};
use crate::{
    consents::{ask, new_jti, withdraw},
    faults::within,
};

fn command(at: &Gateway, arguments: &[&str]) {
    let config = at.folder().config();
    let config = ["--config", config.to_str().unwrap()];
    drop(gateway(&[arguments, &config].concat()).held());
}

#[test]
fn a_suspension_and_a_stop_hold_everywhere_and_so_does_their_end() {
    let gateways = replicas(2);
    let housing = callers(&gateways, "housing");
    let number = gateways[0].folder().person("clean", 0);
    let ask = |at: usize| housing[at].ask(&look_up(&number));
    for at in [0, 1] {
        checked::answer(gateways[at].folder(), "housing", &ask(at));
    }
    command(&gateways[0], &["institution", "suspend", "housing", "--reason", "drill"]);
    let told = Instant::now();
    assert!(within(SECOND, || ask(1).code() == "institution-suspended"), "the other one does not know");
    assert!(told.elapsed() < SECOND);
    // Whoever is told last has the last word, wherever that is.
    command(&gateways[1], &["institution", "resume", "housing", "--reason", "drill"]);
    assert!(within(SECOND, || ask(0).status == 200));
    assert_eq!(ask(1).status, 200);
    command(&gateways[1], &["stop", "--reason", "drill"]);
    assert!(within(SECOND, || ask(0).code() == "stopped"));
    command(&gateways[0], &["resume", "--reason", "drill"]);
    assert!(within(SECOND, || ask(1).status == 200));
    // It outlives a restart of the one that heard it only.
    command(&gateways[0], &["institution", "suspend", "housing", "--reason", "drill"]);
    assert!(within(SECOND, || ask(1).code() == "institution-suspended"));
    let [first, second] = <[Gateway; 2]>::try_from(gateways).ok().unwrap();
    let again = Gateway::serve(second.kill());
    let reply = again.folder().caller("housing").ask(&look_up(&number));
    checked::refusal(again.folder(), "housing", &reply, 403, "institution-suspended");
    drop(first.stop());
}

#[test]
fn a_consent_that_was_withdrawn_at_one_gateway_is_withdrawn_at_all() {
    let gateways = replicas(2);
    let banks = callers(&gateways, "bank");
    let number = gateways[0].folder().person("clean", 0);
    let jti = new_jti();
    let token = of_ten_uses(gateways[0].folder(), &jti, &number);
    checked::answer(gateways[1].folder(), "bank", &ask(&banks[1], &token));
    assert_eq!(withdraw(gateways[0].folder(), &jti).status, 200);
    assert!(within(SECOND, || ask(&banks[1], &token).code() == "consent-revoked"), "the other one does not know");
}
