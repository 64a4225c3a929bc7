//! What a start finds out about a database, and `check` before it.

use std::fs;

use credit_tests::{Authority, Ended, Folder, Gateway, gateway, postgres::Server};

use super::{change_database, folder};

fn checked(folder: &Folder) -> Ended {
    gateway(&["check", "--config", folder.config().to_str().unwrap()])
}

/// `check` and `serve` refuse it in the same words.
#[track_caller]
fn refused(folder: Folder, told: &str) -> Folder {
    let said = checked(&folder);
    assert!(said.code != Some(0) && said.err.contains(told), "{told}: {said:?}");
    let command = Gateway::serve_command(&folder);
    let gateway = Gateway::spawn(folder, command);
    assert!(!gateway.is_ready());
    let heard = gateway.err().all();
    assert!(heard.contains(told), "{heard}");
    gateway.ended().1
}

#[test]
fn a_role_that_can_write_is_refused() {
    let (folder, database) = folder();
    drop(checked(&folder).held());
    let role = |nr: u32| format!("writer_{database}_{nr}");
    let mut folder = folder;
    for (nr, grant, told) in [
        (0, "GRANT INSERT ON record TO {}", "can write `record`"),
        (1, "GRANT UPDATE (value) ON attribute TO {}", "can write `attribute`"),
        (2, "GRANT DELETE ON listing TO {}", "can write `listing`"),
        (3, "GRANT TRUNCATE ON listing TO {}", "can write `listing`"),
        (4, "CREATE TABLE other(a int); GRANT INSERT ON other TO {}", "can write `other`"),
        (5, "ALTER TABLE record OWNER TO {}", "can write `record`"),
        (
            10,
            "GRANT TRIGGER ON record TO PUBLIC",
            "`REVOKE INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER ON public.record FROM PUBLIC`",
        ),
        (
            11,
            "CREATE SEQUENCE seq; GRANT UPDATE ON SEQUENCE seq TO {}",
            "can write `seq`: `REVOKE USAGE, UPDATE ON SEQUENCE public.seq FROM writer_",
        ),
        (
            12,
            "CREATE SEQUENCE seq; GRANT USAGE ON SEQUENCE seq TO PUBLIC",
            "`REVOKE USAGE, UPDATE ON SEQUENCE public.seq FROM PUBLIC`",
        ),
        (
            13,
            "GRANT CREATE ON SCHEMA public TO {}",
            "can make tables in `public`: `REVOKE CREATE ON SCHEMA public FROM writer_",
        ),
        (14, "GRANT CREATE ON SCHEMA public TO PUBLIC", "`REVOKE CREATE ON SCHEMA public FROM PUBLIC`"),
        (15, "CREATE SCHEMA own AUTHORIZATION {}", "can make tables in `own`: use one that owns nothing"),
        (16, "GRANT CREATE ON DATABASE \"{database}\" TO {}", "`REVOKE CREATE ON DATABASE "),
        (6, "GRANT pg_write_all_data TO {}", "can write `"),
        (7, "ALTER ROLE {} SUPERUSER", "superuser"),
        (8, "ALTER ROLE {} CREATEROLE", "superuser"),
        (9, "ALTER ROLE {} NOINHERIT; GRANT postgres TO {}", "superuser"),
    ] {
        let role = role(nr);
        change_database(
            &database,
            &format!(
                "CREATE ROLE {role} LOGIN PASSWORD 'made-for-tests-only'; GRANT SELECT ON record, listing, attribute TO {role};
                 ALTER ROLE {role} SET default_transaction_read_only = on; {};",
                grant.replace("{}", &role).replace("{database}", &database)
            ),
        );
        folder.replace_in_config("//credit_reader@", &format!("//{role}@"));
        let said = checked(&folder);
        assert!(said.code == Some(64) && said.err.contains(told), "{grant}: {said:?}");
        folder.replace_in_config(&format!("//{role}@"), "//credit_reader@");
        // What everybody was granted would be told of the next one too.
        change_database(
            &database,
            "ALTER TABLE record OWNER TO postgres; REVOKE ALL ON record FROM PUBLIC; DROP SEQUENCE IF EXISTS seq;
             REVOKE CREATE ON SCHEMA public FROM PUBLIC; DROP SCHEMA IF EXISTS own",
        );
        folder = if nr == 0 { refused_as(folder, &role, told) } else { folder };
    }
}

fn refused_as(folder: Folder, role: &str, told: &str) -> Folder {
    folder.replace_in_config("//credit_reader@", &format!("//{role}@"));
    let folder = refused(folder, told);
    folder.replace_in_config(&format!("//{role}@"), "//credit_reader@");
    folder
}

#[test]
fn who_cannot_be_trusted_or_does_not_let_the_gateway_in_is_refused() {
    let (folder, _) = folder();
    let said = |told: &str| {
        let said = checked(&folder);
        assert!(said.code == Some(64) && said.err.contains(told), "{told}: {said:?}");
    };
    let password = folder.join("postgres.password");
    fs::write(&password, "another\n").unwrap();
    said("does not let this user in (28P01)");
    fs::write(&password, "\n").unwrap();
    said("its first line, which should be the password, is empty");
    fs::write(&password, "made-for-tests-only\n").unwrap();
    fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    said("chmod 600");
    fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let authorities = folder.join("postgres-ca.pem");
    let right = fs::read_to_string(&authorities).unwrap();
    fs::write(&authorities, Authority::new("another authority").pem()).unwrap();
    said("no TLS connection to its server: invalid peer certificate: ");
    fs::write(&authorities, "").unwrap();
    said("it contains no certificate");
    fs::write(&authorities, right).unwrap();
    folder.replace_in_config("@127.0.0.1:", "@localhost:");
    said("no TLS connection to its server: invalid peer certificate: ");
    folder.replace_in_config("@localhost:", "@127.0.0.1:");
    folder.replace_in_config("//credit_reader@", "//credit_reader:secret@");
    said("put it into a file of mode 0600");
    assert!(!checked(&folder).err.contains(":secret"));
    folder.replace_in_config("//credit_reader:secret@", "//credit_reader@");
    drop(checked(&folder).held());
}

#[test]
fn a_server_that_asks_for_less_than_scram_is_refused() {
    let server = Server::shared();
    drop(
        server
            .sql(
                "postgres",
                "CREATE DATABASE trusting; CREATE DATABASE cleartext; CREATE DATABASE digest; \
                 SET password_encryption = 'md5'; CREATE ROLE by_digest LOGIN PASSWORD 'made-for-tests-only';",
            )
            .held(),
    );
    for (database, role) in [("trusting", "credit_reader"), ("cleartext", "credit_reader"), ("digest", "by_digest")] {
        let folder = Folder::new();
        server.serve_from(&folder, database);
        folder.replace_in_config("//credit_reader@", &format!("//{role}@"));
        let said = checked(&folder);
        assert!(said.code == Some(64) && said.err.contains("by SCRAM-SHA-256"), "{database}: {said:?}");
    }
}

#[test]
fn tables_that_are_laid_out_otherwise_are_refused() {
    for (change, told) in [
        ("DROP TABLE record", "`record` is missing"),
        ("ALTER TABLE listing DROP COLUMN until", "`listing` is missing"),
        ("ALTER TABLE record ALTER act TYPE timestamp", "`record.act` is missing, has another type"),
        (
            "ALTER TABLE attribute DROP CONSTRAINT attribute_value_check, ALTER value TYPE json USING value::json",
            "`attribute.value` is missing",
        ),
        (
            "REVOKE SELECT ON attribute FROM credit_reader",
            "`attribute` is missing, has another type or may not be read",
        ),
        ("ALTER TABLE listing DROP CONSTRAINT listing_pkey", "`listing` has no index"),
    ] {
        let (folder, database) = folder();
        change_database(&database, change);
        let said = checked(&folder);
        assert!(said.code == Some(64) && said.err.contains(told), "{change}: {said:?}");
    }
    let (folder, server) = (Folder::new(), Server::shared());
    let ascii = server.database("TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'");
    server.serve_from(&folder, &ascii);
    let said = checked(&folder);
    assert!(said.code == Some(64) && said.err.contains("has the encoding SQL_ASCII"), "{said:?}");
}
