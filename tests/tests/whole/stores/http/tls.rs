//! TLS towards a store: it must be of the operator's authority, and is shown the gateway's certificate.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use credit_tests::{Authority, Folder, Gateway, Wish, checked, gateway, metric, query::look_up};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

use super::{Truth, behind, service::Service};
use crate::{
    faults::within,
    stores::{put, refused},
};

const SOON: Duration = Duration::from_secs(10);

/// With the certificate of the folder's gateway, for callers of one authority.
fn server_config(folder: &Folder, callers: &Authority) -> Arc<ServerConfig> {
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(callers.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let chain = CertificateDer::pem_slice_iter(&read("server.pem")).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(&read("server.key")).unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_client_cert_verifier(verifier).with_single_cert(chain, key).unwrap())
}

const BOTH: &str = "authorities = \"ca.pem\"\ncertificate = \"asker.pem\"\nkey = \"asker.key\"";

#[test]
fn the_store_and_the_gateway_must_both_be_who_they_say() {
    let folder = Folder::new();
    let (truth, callers) = (Truth::of(&folder), Authority::new("stores"));
    let (certificate, key) = callers.certify(&Wish::caller("asker", 7));
    for (name, text) in [("asker.pem", certificate), ("asker.key", key), ("stores.pem", callers.pem())] {
        fs::write(folder.join(name), text).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let service = Service::over_tls(server_config(&folder, &callers), move |asked| truth.answer(asked));
    let number = folder.person("clean", 0);
    behind(&folder, &format!("https://127.0.0.1:{}/credit", service.port()), "authorities = \"stores.pem\"");

    // Of another authority; then without a certificate of ours; then both.
    let gateway = Gateway::serve(folder);
    refused(gateway.folder(), &number);
    let folder = gateway.stop();
    folder.replace_in_config("authorities = \"stores.pem\"", "authorities = \"ca.pem\"");
    let gateway = Gateway::serve(folder);
    refused(gateway.folder(), &number);
    let folder = gateway.stop();
    assert_eq!(service.asked().len(), 0, "a number went to somebody unknown");
    folder.replace_in_config("/credit\"\nauthorities = \"ca.pem\"", &format!("/credit\"\n{BOTH}"));
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&number)));
    assert_eq!(service.asked().len(), 1);

    // Ours is read again: half of another one changes nothing, and the whole of it is shown from then on.
    let answers = || folder.caller("housing").ask(&look_up(&number)).status == 200;
    let refused = || metric(folder.port_base(), "credit_gateway_store_files_refused");
    let (certificate, key) = Authority::new("others").certify(&Wish::caller("asker", 8));
    put(folder, "asker.pem", &certificate);
    assert!(within(SOON, || refused() == 1));
    assert!(answers(), "by the one before");
    put(folder, "asker.key", &key);
    assert!(within(SOON, || refused() == 0 && !answers()), "the store does not know its authority");
    let (certificate, key) = callers.certify(&Wish::caller("asker", 9));
    put(folder, "asker.pem", &certificate);
    put(folder, "asker.key", &key);
    assert!(within(SOON, answers));
}

#[test]
fn a_key_that_others_can_read_is_named() {
    let folder = Folder::new();
    fs::copy(folder.join("server.key"), folder.join("open.key")).unwrap();
    fs::set_permissions(folder.join("open.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let settings = "authorities = \"ca.pem\"\ncertificate = \"server.pem\"\nkey = \"open.key\"";
    behind(&folder, "https://127.0.0.1/", settings);
    let said = gateway(&["check", "--config", folder.config().to_str().unwrap()]).failed(64);
    assert!(said.contains("open.key") && said.contains("chmod 600"), "{said}");
}
