//! A campus directory: OpenLDAP's own server on free ports, with generated certificates and a few people. It reads no
//! configuration of this machine, and ends with its story.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{fs, thread};

use tokio::task::spawn_blocking;

use super::database::{answers, free_port};
use super::world::Plan;
use super::{World, campus};

pub const BASE: &str = "dc=campus,dc=example";
const ADMIN: &str = "cn=admin,dc=campus,dc=example";
const READER: &str = "cn=reader,ou=services,dc=campus,dc=example";
const PASSWORD: &str = "correct horse";

pub struct Directory {
    folder: PathBuf,
    port: u16,
    tls_port: u16,
    process: u32,
    /// The shell that kills the server once this process has closed its pipe, killed or not.
    shell: Child,
}

/// What distinguishes one directory from another.
#[derive(Debug, Clone, Copy)]
struct DirectoryKind {
    offers_tls: bool,
    /// Modules, and lines of slapd.conf before the database.
    module: Option<&'static str>,
    schema: &'static str,
    /// Lines of the database: overlays and access rules, before the usual rules.
    database: &'static str,
    /// LDIF of entries besides the units and the service account.
    people: &'static str,
}

const USUAL: DirectoryKind = DirectoryKind {
    offers_tls: true,
    module: None,
    schema: "",
    database: "",
    people: PEOPLE,
};

impl Directory {
    pub async fn opens() -> Self {
        Self::opens_as(USUAL).await
    }

    pub async fn opens_without_tls() -> Self {
        Self::opens_as(DirectoryKind {
            offers_tls: false,
            ..USUAL
        })
        .await
    }

    /// Shows the service account neither `mobile` nor `employeeNumber`.
    pub async fn opens_with_hidden_attributes() -> Self {
        Self::opens_as(DirectoryKind {
            database: "access to attrs=mobile,employeeNumber by self read by * none\n",
            ..USUAL
        })
        .await
    }

    /// Has a password policy, by which passwords expire and accounts are locked.
    pub async fn opens_with_password_policy() -> Self {
        Self::opens_as(DirectoryKind {
            module: Some("ppolicy"),
            database: "overlay ppolicy\nppolicy_default \"cn=policy,dc=campus,dc=example\"\nppolicy_use_lockout\n",
            people: PEOPLE_UNDER_A_POLICY,
            ..USUAL
        })
        .await
    }

    /// Has the entries and attributes of Active Directory, and no `entryUUID`.
    pub async fn opens_like_active_directory() -> Self {
        Self::opens_as(DirectoryKind {
            schema: ACTIVE_DIRECTORY_SCHEMA,
            database: "access to attrs=entryUUID by * none\n",
            people: ACTIVE_DIRECTORY_PEOPLE,
            ..USUAL
        })
        .await
    }

    async fn opens_as(kind: DirectoryKind) -> Self {
        spawn_blocking(move || Self::start(kind)).await.unwrap()
    }

    fn start(kind: DirectoryKind) -> Self {
        static OPENED: AtomicU32 = AtomicU32::new(0);
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let folder = campus::folder(&format!("directory-{number}"));
        fs::create_dir_all(folder.join("database")).unwrap();
        let program = program(&folder);
        let settings = folder.join("slapd.conf");
        fs::write(&settings, slapd_conf(&folder, kind)).unwrap();
        let entries = [UNITS, kind.people].concat();
        fs::write(folder.join("people.ldif"), entries).unwrap();
        let mut load = Command::new(&program);
        load.args(["-Tadd", "-q", "-f"])
            .arg(&settings)
            .arg("-l")
            .arg(folder.join("people.ldif"));
        runs(load, "");

        // Another process may have taken the free port.
        for _ in 0..5 {
            if let Some(directory) = Self::serve(&folder, &program, kind.offers_tls) {
                return directory;
            }
        }
        panic!("slapd does not start with {}", settings.display());
    }

    fn serve(folder: &Path, program: &Path, offers_tls: bool) -> Option<Self> {
        let (port, tls_port) = (free_port(), free_port());
        let addresses = if offers_tls {
            format!("ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port}")
        } else {
            format!("ldap://127.0.0.1:{port}")
        };
        let mut shell = Command::new("/bin/sh")
            .args(["-c", "\"$@\" & echo $!; read -r _; kill -KILL $!", "sh"])
            .arg(program)
            // In the foreground, without messages.
            .args(["-d", "0", "-f"])
            .arg(folder.join("slapd.conf"))
            .args(["-h", &addresses])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        output.read_line(&mut first).unwrap();
        let mut directory = Self {
            folder: folder.to_owned(),
            port,
            tls_port,
            process: first.trim().parse().unwrap(),
            shell,
        };
        for _ in 0..500 {
            if answers(port) {
                return Some(directory);
            }
            thread::sleep(Duration::from_millis(10));
        }
        // The next attempt uses the folder.
        directory.folder = PathBuf::new();
        None
    }

    /// A world that searches the directory over TLS with a service account.
    pub fn plan(&self) -> Plan {
        Self::plan_at(&self.tls_address())
    }

    /// The same for a directory at this address.
    pub fn plan_at(address: &str) -> Plan {
        World::plan()
            .set("PROFILES_LDAP_URL", address)
            .set("PROFILES_LDAP_BASE_DN", BASE)
            .set("PROFILES_LDAP_BIND_DN", READER)
            .set("PROFILES_LDAP_BIND_PASSWORD", PASSWORD)
            .set("PROFILES_LDAP_CA_FILE", &authority().campus)
    }

    /// A world that binds with a DN made from the username, without a service account.
    pub fn plan_by_name(&self) -> Plan {
        World::plan()
            .set("PROFILES_LDAP_URL", &self.tls_address())
            .set(
                "PROFILES_LDAP_USER_DN",
                "uid={username},ou=People,dc=campus,dc=example",
            )
            .set("PROFILES_LDAP_CA_FILE", &authority().campus)
    }

    pub fn tls_address(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    /// Without TLS from the start. The program uses `StartTLS` if it has a certificate authority.
    pub fn address(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// Changes entries as an administrator does; `changes` is LDIF.
    pub async fn changes(&self, changes: &str) {
        let mut modify = Command::new("ldapmodify");
        modify.env("LDAPNOINIT", "1").args([
            "-x",
            "-D",
            ADMIN,
            "-w",
            PASSWORD,
            "-H",
            &self.address(),
        ]);
        let changes = changes.to_owned();
        spawn_blocking(move || runs(modify, &changes))
            .await
            .unwrap();
    }

    /// Accepts connections and answers nothing.
    pub fn freezes(&self) {
        self.signal("-STOP");
    }

    pub fn thaws(&self) {
        self.signal("-CONT");
    }

    /// Kills the server.
    pub fn crashes(&self) {
        self.signal("-KILL");
    }

    fn signal(&self, signal: &str) {
        let mut kill = Command::new("kill");
        kill.args([signal, &self.process.to_string()]);
        runs(kill, "");
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// PEM files of certificate authorities.
pub struct Authority {
    pub campus: String,
    /// Another authority, which has signed nothing.
    pub other: String,
    certificate: String,
    key: String,
}

/// Made by the first directory that needs it. Blocking.
pub fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| {
        let folder = campus::folder("directory-authority");
        let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        for name in ["campus", "stranger"] {
            openssl(
                &folder,
                &[
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-days",
                    "2",
                    "-subj",
                    "/CN=Authority",
                    "-keyout",
                    &format!("{name}.key"),
                    "-out",
                    &format!("{name}.pem"),
                ],
            );
        }
        openssl(
            &folder,
            &[
                "req",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-subj",
                "/CN=directory",
                "-keyout",
                "server.key",
                "-out",
                "server.request",
            ],
        );
        fs::write(
            folder.join("names"),
            "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
        )
        .unwrap();
        openssl(
            &folder,
            &[
                "x509",
                "-req",
                "-in",
                "server.request",
                "-CA",
                "campus.pem",
                "-CAkey",
                "campus.key",
                "-CAcreateserial",
                "-days",
                "2",
                "-extfile",
                "names",
                "-out",
                "server.pem",
            ],
        );
        Authority {
            campus: file("campus.pem"),
            other: file("stranger.pem"),
            certificate: file("server.pem"),
            key: file("server.key"),
        }
    })
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("openssl");
    command.args(arguments).current_dir(folder);
    runs(command, "");
}

fn runs(mut command: Command, input: &str) {
    let line = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|problem| panic!("{line}: {problem}: run script/setup test"));
    let mut input_pipe = child.stdin.take().unwrap();
    input_pipe.write_all(input.as_bytes()).unwrap();
    drop(input_pipe);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {errors}");
}

/// A copy of the server: AppArmor confines the installed one by its path to its own folders.
fn program(folder: &Path) -> PathBuf {
    let places = [
        "/usr/sbin/slapd",
        "/usr/libexec/slapd",
        "/opt/homebrew/opt/openldap/libexec/slapd",
    ];
    let found = places.iter().find(|place| Path::new(place).exists());
    let found = found.unwrap_or_else(|| panic!("slapd is missing: run script/setup test"));
    let program = folder.join("slapd");
    // Not copied by this process: children that other stories start would inherit the open file, and a file open for
    // writing cannot be executed.
    let mut copy = Command::new("cp");
    copy.arg(found).arg(&program);
    runs(copy, "");
    program
}

fn slapd_conf(folder: &Path, kind: DirectoryKind) -> String {
    let schemas = [
        "/etc/ldap/schema",
        "/etc/openldap/schema",
        "/opt/homebrew/etc/openldap/schema",
    ];
    let schemas = schemas
        .iter()
        .find(|place| Path::new(place).exists())
        .unwrap();
    // In some packages the database backend is a module.
    let module = if Path::new("/usr/lib/ldap/back_mdb.so").exists() {
        "modulepath /usr/lib/ldap\nmoduleload back_mdb\n"
    } else {
        ""
    };
    let more = kind.module.map(|module| format!("moduleload {module}\n"));
    let more = more.filter(|_| !module.is_empty()).unwrap_or_default();
    let tls = if kind.offers_tls {
        let Authority {
            campus,
            certificate,
            key,
            ..
        } = authority();
        format!(
            "TLSCACertificateFile {campus}\nTLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\n"
        )
    } else {
        String::new()
    };
    let DirectoryKind {
        schema, database, ..
    } = kind;
    let folder = folder.display();
    format!(
        "include {schemas}/core.schema\ninclude {schemas}/cosine.schema\ninclude {schemas}/inetorgperson.schema\n\
         pidfile {folder}/slapd.pid\n{module}{more}{schema}{tls}\
         database mdb\nsuffix {BASE}\nrootdn {ADMIN}\nrootpw \"{PASSWORD}\"\ndirectory {folder}/database\n{database}\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by dn.exact={READER} read by self read by * none\n"
    )
}

const UNITS: &str = "\
dn: dc=campus,dc=example
objectClass: organization
objectClass: dcObject
o: Campus
dc: campus

dn: ou=People,dc=campus,dc=example
objectClass: organizationalUnit
ou: People

dn: ou=Alumni,dc=campus,dc=example
objectClass: organizationalUnit
ou: Alumni

dn: ou=services,dc=campus,dc=example
objectClass: organizationalUnit
ou: services

dn: cn=reader,ou=services,dc=campus,dc=example
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: correct horse

";

/// nandini is a student, farhan an alumnus, asha another person than the local asha, iyer has two entries, and every
/// value of odd is malformed. The password of all is `walks by the lake`, but of the second iyer.
const PEOPLE: &str = "\
dn: uid=nandini,ou=People,dc=campus,dc=example
objectClass: inetOrgPerson
uid: nandini
cn: Nandini Sen
givenName: Nandini
sn: Sen
mail: nandini@campus.example
employeeNumber: 020D0700
employeeType: ug
mobile: 98765 43210
userPassword: walks by the lake

dn: uid=farhan,ou=Alumni,dc=campus,dc=example
objectClass: inetOrgPerson
uid: farhan
cn: Farhan Ali
givenName: Farhan
sn: Ali
mail: farhan@campus.example
userPassword: walks by the lake

dn: uid=asha,ou=People,dc=campus,dc=example
objectClass: inetOrgPerson
uid: asha
cn: Asha Menon
givenName: Asha
sn: Menon
mail: asha.menon@campus.example
userPassword: walks by the lake

dn: uid=iyer,ou=People,dc=campus,dc=example
objectClass: inetOrgPerson
uid: iyer
cn: Meera Iyer
sn: Iyer
userPassword: walks by the lake

dn: uid=iyer,ou=Alumni,dc=campus,dc=example
objectClass: inetOrgPerson
uid: iyer
cn: Mohan Iyer
sn: Iyer
userPassword: walks by the sea

dn: uid=odd,ou=People,dc=campus,dc=example
objectClass: inetOrgPerson
uid: odd
cn: Odd
givenName: Odd
sn: One
mail: not an address
employeeNumber: 00000000001111111111222222222233333333334444444444555555555566666666667777777777
employeeType: ug
userPassword: walks by the lake

dn: uid=nobody+cn=here,ou=People,dc=campus,dc=example
objectClass: inetOrgPerson
uid: nobody
cn: here
sn: Here
userPassword: walks by the lake
";

/// nandini may sign in. The password of expired is of 2020, reset has been given one by an administrator, locked is
/// locked until an administrator unlocks it.
const PEOPLE_UNDER_A_POLICY: &str = "\
dn: cn=policy,dc=campus,dc=example
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdMaxAge: 31536000
pwdMustChange: TRUE
pwdLockout: TRUE
pwdMaxFailure: 3
pwdLockoutDuration: 0

dn: uid=nandini,ou=People,dc=campus,dc=example
objectClass: inetOrgPerson
uid: nandini
cn: Nandini Sen
sn: Sen
userPassword: walks by the lake

dn: uid=expired,ou=People,dc=campus,dc=example
objectClass: inetOrgPerson
uid: expired
cn: Expired
sn: Expired
userPassword: walks by the lake
pwdChangedTime: 20200101000000Z

dn: uid=reset,ou=People,dc=campus,dc=example
objectClass: inetOrgPerson
uid: reset
cn: Reset
sn: Reset
userPassword: walks by the lake
pwdReset: TRUE

dn: uid=locked,ou=People,dc=campus,dc=example
objectClass: inetOrgPerson
uid: locked
cn: Locked
sn: Locked
userPassword: walks by the lake
pwdAccountLockedTime: 000001010000Z
";

/// The part of Active Directory's schema that its people need.
const ACTIVE_DIRECTORY_SCHEMA: &str = "\
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.35 NAME 'employeeID' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP top STRUCTURAL MUST cn
  MAY ( sAMAccountName $ userPrincipalName $ objectGUID $ employeeID $ displayName $ givenName $ sn $ mail $ mobile $
  userPassword ) )
";

/// nandini has no first and last name, only a displayName.
const ACTIVE_DIRECTORY_PEOPLE: &str = "\
dn: cn=Nandini K. Sen,ou=People,dc=campus,dc=example
objectClass: user
cn: Nandini K. Sen
displayName: Nandini Kumari Sen
sAMAccountName: Nandini
userPrincipalName: nandini@campus.example
objectGUID:: rk8d+Ox90BGnZQCgyR5r9g==
employeeID: 020D0700
mail: nandini@campus.example
userPassword: walks by the lake
";
