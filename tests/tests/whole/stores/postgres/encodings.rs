//! Databases whose server does not decode their texts, or not all of them: bytes that the map decodes.

use std::fs;

use credit_tests::{Gateway, gateway, postgres::Server};

use super::{change_database, mapped::as_text, office};
use crate::stores::{CLEAN, ask, mapped::PENALISED, refused};

const MAP: &str = include_str!("../../../../../gateway/maps/cn-sgs-2018.toml");

/// GBK of 自然人 and 法人, and a text that is cut in the middle of a character.
const PERSON: &str = "\\xd7d4c8bbc8cb";
const COMPANY: &str = "\\xb7a8c8cb";
const CUT: &str = "\\xd7d4c8";

#[test]
fn texts_of_other_encodings_are_decoded_by_the_map() {
    let server = Server::shared();
    for encoding in ["SQL_ASCII", "EUC_CN"] {
        let made = format!("TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'");
        let (office, database) = office(server, &made, "sgs.toml");
        // Bytes as they are stored; as text where the encoding has them.
        let stored = |bytes: &str| format!("convert_from('{bytes}'::bytea, '{encoding}')");
        let cut = if encoding == "SQL_ASCII" { stored(CUT) } else { format!("left({}, 2)", stored(PERSON)) };
        // Without comments and other texts of the seed: they are UTF-8.
        let seed: String = as_text(&office.seed()).chars().filter(char::is_ascii).collect();
        change_database(
            &database,
            &format!(
                "{seed}
                 UPDATE xzcf SET cf_yxq = NULL WHERE cf_yxq = '';
                 UPDATE xzcf SET cf_xdr_lb = {} WHERE cf_xdr_lb = '01';
                 UPDATE xzcf SET cf_xdr_lb = {} WHERE cf_xdr_lb = '03';
                 UPDATE xzcf SET cf_jdrq = '2015/01/05', cf_xdr_lb = {cut} WHERE cf_xdr_zjhm = '{}';",
                stored(PERSON),
                stored(COMPANY),
                office.spoilt
            ),
        );
        let map = office.folder.join("sgs.toml");
        let config = office.folder.config();
        fs::write(&map, MAP).unwrap();
        let check = || gateway(&["check", "--config", config.to_str().unwrap()]);
        if encoding == "EUC_CN" {
            let said = check().failed(64);
            assert!(said.contains("source `penalty` of its map needs `encoding = \"gb18030\"`"), "{said}");
        }
        fs::write(&map, MAP.replace("any_case = true", "any_case = true\nencoding = \"gb18030\"")).unwrap();
        drop(check().held());
        let gateway = Gateway::serve(office.folder);
        let folder = gateway.folder();
        assert_eq!(ask(folder, &office.penalised), PENALISED, "{encoding}");
        assert_eq!(ask(folder, &office.trader), PENALISED, "{encoding}");
        assert_eq!(ask(folder, &office.clean), CLEAN, "{encoding}");
        refused(folder, &office.blank);
        refused(folder, &office.spoilt);
        let said = gateway.err().text();
        let what = if encoding == "SQL_ASCII" { "bytes that are no text" } else { "a code that the map does not name" };
        assert!(said.contains(what), "{encoding}: {said}");
    }
}

#[test]
fn names_that_nobody_can_read_are_in_nobody_s_way_and_other_encodings_are_refused() {
    let server = Server::shared();
    let made = "TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'";
    let (ours, database) = office(server, made, "cn-sgs-2018");
    let seed: String = as_text(&ours.seed()).chars().filter(char::is_ascii).collect();
    let chinese =
        "DO $$ BEGIN EXECUTE convert_from('ALTER TABLE xzcf ADD \"\\xd0d5\" text'::bytea, 'SQL_ASCII'); END $$;";
    change_database(&database, &format!("{seed} {}", chinese.replace("\\xd0d5", "\\320\\325")));
    let check = |folder: &credit_tests::Folder| gateway(&["check", "--config", folder.config().to_str().unwrap()]);
    drop(check(&ours.folder).held());
    let latin = "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'";
    let (other, _) = office(server, latin, "cn-sgs-2018");
    let said = check(&other.folder).failed(64);
    assert!(said.contains("its database has the encoding LATIN1"), "{said}");
}
