//! What sslyze, an outside judge of TLS, finds at the three doors that speak it: nothing.

use std::{collections::BTreeSet, fs};

use credit_tests::{command, scratch, shared, tools::python};
use serde_json::{Value, json};

const SCANS: &str = "--certinfo --compression --early_data --elliptic_curves --ems --fallback --heartbleed --openssl_ccs \
                     --reneg --resum --robot --sslv2 --sslv3 --tlsv1 --tlsv1_1 --tlsv1_2 --tlsv1_3";

/// What sslyze says of a door, to a caller with the officer's certificate.
fn scan(offset: u16) -> Value {
    let folder = shared().folder();
    let of = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let told = scratch::folder("sslyze").join("told.json");
    let door = format!("127.0.0.1:{}", folder.port_base() + offset);
    let (cert, key) = (of("institutions/officer.pem"), of("institutions/officer.key"));
    let mut arguments = vec!["-m", "sslyze", "--mozilla_config", "disable"];
    arguments.extend(SCANS.split_whitespace());
    let (ca, json) = (of("ca.pem"), format!("--json_out={}", told.display()));
    arguments.extend(["--certinfo_ca_file", &ca, "--cert", &cert, "--key", &key, &json, &door]);
    let said = command(python(), &arguments);
    let text = fs::read_to_string(&told).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let all: Value = serde_json::from_str(&text).unwrap();
    let scanned = &all["server_scan_results"][0];
    assert_eq!(scanned["scan_status"], "COMPLETED", "{said:?}");
    scanned["scan_result"].clone()
}

/// The outcome of one scan, which must have come to its end.
#[track_caller]
fn outcome<'a>(scanned: &'a Value, scan: &str) -> &'a Value {
    assert_eq!(scanned[scan]["status"], "COMPLETED", "{scan}: {}", scanned[scan]);
    &scanned[scan]["result"]
}

#[track_caller]
fn suites(scanned: &Value, version: &str) -> BTreeSet<String> {
    let accepted = outcome(scanned, &format!("{version}_cipher_suites"))["accepted_cipher_suites"].as_array().unwrap();
    accepted.iter().map(|suite| suite["cipher_suite"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn sslyze_finds_nothing() {
    for offset in 0..3 {
        let scanned = scan(offset);
        for version in ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"] {
            assert_eq!(suites(&scanned, version), BTreeSet::new(), "{version}");
        }
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!(
            suites(&scanned, "tls_1_2"),
            names(&[
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            ])
        );
        assert_eq!(
            suites(&scanned, "tls_1_3"),
            names(&["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
        );
        let curves = outcome(&scanned, "elliptic_curves")["supported_curves"].as_array().unwrap();
        let curves: BTreeSet<_> = curves.iter().map(|curve| curve["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(curves, names(&["X25519", "secp256r1", "secp384r1"]));
        for (scan, key, wanted) in [
            ("tls_compression", "supports_compression", json!(false)),
            ("tls_1_3_early_data", "supports_early_data", json!(false)),
            ("openssl_ccs_injection", "is_vulnerable_to_ccs_injection", json!(false)),
            ("heartbleed", "is_vulnerable_to_heartbleed", json!(false)),
            ("robot", "robot_result", json!("NOT_VULNERABLE_RSA_NOT_SUPPORTED")),
            ("tls_fallback_scsv", "supports_fallback_scsv", json!(true)),
            ("tls_extended_master_secret", "supports_ems_extension", json!(true)),
            ("session_renegotiation", "supports_secure_renegotiation", json!(true)),
            ("session_renegotiation", "is_vulnerable_to_client_renegotiation_dos", json!(false)),
            ("session_resumption", "session_id_resumption_result", json!("NOT_SUPPORTED")),
            ("session_resumption", "tls_ticket_resumption_result", json!("NOT_SUPPORTED")),
        ] {
            assert_eq!(outcome(&scanned, scan)[key], wanted, "{scan} at door {offset}");
        }
        // Trusted by who trusts the demo's authority, and by nobody else's store.
        let chains = &outcome(&scanned, "certificate_info")["certificate_deployments"];
        for chain in chains.as_array().unwrap() {
            let validated = chain["path_validation_results"].as_array().unwrap();
            let by: Vec<_> = validated.iter().filter(|one| one["was_validation_successful"] == true).collect();
            assert_eq!(by.len(), 1, "{by:?}");
            assert_eq!(by[0]["trust_store"]["name"], "Supplied CA file");
        }
    }
}
