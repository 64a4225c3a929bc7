//! Who may call: certificates that TLS refuses, certificates in no register, institutions that are suspended.

use std::fs;

use credit_audit::clock::{Clock, SystemClock};
use credit_gateway::for_tests::certificates;
use credit_tests::{
    Authority, Caller, Folder, Gateway, Tls, Wish, checked, gateway, metric,
    query::{SCENARIO, look_up},
    run,
};
use hyper::Method;
use jiff::tz::TimeZone;
use rcgen::ExtendedKeyUsagePurpose;

/// The caller gets no byte of HTTP: TLS refuses, with an alert or by closing.
#[track_caller]
fn refused_by_tls(caller: &Caller, who: &str) -> String {
    let request = format!("POST /v1/queries HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n\r\n", caller.address());
    match caller.raw(request.as_bytes()) {
        Ok(answer) => panic!("{who} was served: {}", String::from_utf8_lossy(&answer)),
        Err(error) => error.to_string(),
    }
}

const VERSIONS: [&[&rustls::SupportedProtocolVersion]; 2] = [&[&rustls::version::TLS12], &[&rustls::version::TLS13]];

#[test]
fn tls_refuses_those_without_a_certificate_of_the_authorities() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let before = folder.leaves().len();
    let foreign = certificates::make(SystemClock::new().now().to_zoned(TimeZone::UTC).date()).unwrap();
    let (_, pair) = foreign.institutions.iter().find(|(name, _)| *name == "housing").unwrap();
    let foreign = (pair.certificate.clone().into_bytes(), pair.key.as_bytes().to_vec());
    let server = (fs::read(folder.join("server.pem")).unwrap(), fs::read(folder.join("server.key")).unwrap());
    let revoked = Tls::institution(folder.path(), "revoked").identity;
    #[rustfmt::skip]
    let callers = [
        ("nobody", None, "CertificateRequired"),
        // Its authority has the name of the demo's, so it is the signature that does not fit.
        ("a foreign one", Some(foreign), "UnknownCA DecryptError"),
        ("the server itself", Some(server), "UnsupportedCertificate BadCertificate"),
        ("the revoked one", revoked, "CertificateRevoked"),
    ];
    for port in [folder.port_base(), folder.port_base() + 2] {
        for versions in VERSIONS {
            for (who, identity, alerts) in &callers {
                let tls = Tls { identity: identity.clone(), versions, ..Tls::nobody(folder.path()) };
                let error = refused_by_tls(&tls.caller(port), who);
                let told = alerts.split(' ').any(|alert| error.contains(alert));
                assert!(told, "{who} by {:?} was told {error}", versions[0].version);
            }
        }
    }
    assert_eq!(folder.leaves().len(), before, "a handshake that failed is no query");
}

#[test]
fn tls_refuses_certificates_out_of_their_time_or_of_another_purpose() {
    let authority = Authority::new("an authority of the tests");
    let day_s = 86_400;
    let wish = |name, serial, days: (i64, i64)| Wish {
        valid_s: (days.0 * day_s, days.1 * day_s),
        ..Wish::caller(name, serial)
    };
    let server = Wish { purpose: ExtendedKeyUsagePurpose::ServerAuth, ..wish("server", 4, (-1, 2)) };
    let wishes = [
        wish("sound", 1, (-1, 2)),
        wish("expired", 2, (-3, -1)),
        wish("early", 3, (1, 3)),
        server,
        wish("withdrawn", 5, (-1, 2)),
    ];
    let alerts = [
        None,
        Some("CertificateExpired"),
        Some("CertificateExpired BadCertificate CertificateUnknown"),
        Some("UnsupportedCertificate BadCertificate"),
        Some("CertificateRevoked"),
    ];
    let folder = Folder::new();
    authority.take_over(&folder, &wishes, &authority.list(1, &[5], 10 * day_s));
    let files: Vec<_> = wishes.iter().map(|wish| format!("\"institutions/{}.pem\"", wish.name)).collect();
    // Registered they all are: it is TLS that must refuse.
    folder.set_of_institution("housing", "\"institutions/housing.pem\"", &files.join(", "));
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    for (wish, alerts) in wishes.iter().zip(alerts) {
        for versions in VERSIONS {
            let caller = Tls { versions, ..Tls::institution(folder.path(), wish.name) }.caller(folder.port_base());
            match alerts {
                None => drop(checked::answer(folder, "housing", &caller.ask(&look_up(&folder.person("clean", 0))))),
                Some(alerts) => {
                    let error = refused_by_tls(&caller, wish.name);
                    let told = alerts.split(' ').any(|alert| error.contains(alert));
                    assert!(told, "{} by {:?} was told {error}", wish.name, versions[0].version);
                }
            }
        }
    }
    // The demo's own authority counts for nothing here.
    refused_by_tls(&folder.caller("housing"), "the demo's");
}

#[test]
fn a_certificate_in_no_register_is_told_so_and_counted_but_not_recorded() {
    let folder = Folder::new();
    folder.unregister("bank");
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (bank, before) = (folder.caller("bank"), folder.leaves().len());
    let paths = [
        (Method::POST, "/v1/queries"),
        (Method::GET, "/v1/receipts/01900000-0000-7000-8000-000000000000"),
        (Method::GET, "/v1/queries/01900000-0000-7000-8000-000000000000/record"),
    ];
    for (method, path) in paths {
        for (language, wish) in [("zh", "zh-CN"), ("en", "en-GB")] {
            let headers = [("content-type", "application/json"), ("accept-language", wish)];
            let reply = bank.send(method.clone(), path, &headers, look_up(&folder.person("clean", 0)).to_string());
            checked::fixed(&reply, 401, "certificate-unknown");
            assert_eq!(reply.header("content-language"), Some(language));
        }
    }
    let reply = run(async { bank.http2().await.unwrap().ask(&look_up("x")).await.unwrap() });
    checked::fixed(&reply, 401, "certificate-unknown");
    assert!(metric(folder.port_base(), "credit_gateway_unregistered_total") >= 3);
    // What is not there after the publishing of a later leaf was never recorded.
    let later = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    drop(checked::answer(folder, "housing", &later));
    assert_eq!(folder.leaves().len(), before + 1);
}

#[test]
fn a_suspension_holds_on_open_connections_within_a_second_and_until_it_is_lifted() {
    let gateway_running = Gateway::serve(Folder::new());
    let folder = gateway_running.folder();
    let (config, person) = (folder.config(), folder.person("clean", 0));
    let change = |what: &str| {
        let config = config.to_str().unwrap();
        drop(gateway(&["institution", what, "housing", "--reason", "a test", "--config", config]).held());
    };
    let caller = folder.caller("housing");
    run(async {
        let mut first = caller.http1().await.unwrap();
        let mut second = caller.http2().await.unwrap();
        for connection in [&mut first, &mut second] {
            checked::answer(folder, "housing", &connection.ask(&look_up(&person)).await.unwrap());
        }
        change("suspend");
        for connection in [&mut first, &mut second] {
            let reply = connection.ask(&look_up(&person)).await.unwrap();
            checked::refusal(folder, "housing", &reply, 403, "institution-suspended");
        }
        // Others are not touched.
        let other = folder.caller("bank").http1().await.unwrap().ask(&look_up(&person)).await.unwrap();
        checked::refusal(folder, "bank", &other, 403, "scenario-not-allowed");
        change("resume");
        for connection in [&mut first, &mut second] {
            checked::answer(folder, "housing", &connection.ask(&look_up(&person)).await.unwrap());
        }
    });
    let leaves = folder.leaves();
    let suspensions: Vec<_> = leaves.iter().filter(|leaf| leaf.text("kind") == "suspension").collect();
    assert_eq!(suspensions.len(), 2);
    let between = suspensions[0].index..suspensions[1].index;
    let answered = leaves.iter().filter(|leaf| between.contains(&leaf.index) && leaf.text("outcome") == "answered");
    assert_eq!(answered.count(), 0);
    assert!(leaves.iter().any(|leaf| leaf.text("scenario") == SCENARIO));
}
