//! Variables that Kubernetes and Docker add to the environment of a program: for a service named `profiles`
//! they begin with `PROFILES_`, but are no settings.

use std::collections::BTreeMap;

/// Whether a container platform has set this variable: for a service (`…_SERVICE_HOST`, `…_SERVICE_PORT…`), for a
/// port of a link (`…_PORT=tcp://…`, `…_PORT_8000_TCP…`), or for the linked container (`…_NAME`, `…_ENV_…`).
pub(super) fn is_injected(name: &str, all: &BTreeMap<String, String>) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || is_link(name, all)
        || is_port_of_link(name)
        || is_linked_container(name, all)
}

/// `…_PORT` with an address. A plain number is somebody's guess at a setting.
fn is_link(name: &str, all: &BTreeMap<String, String>) -> bool {
    let schemes = ["tcp://", "udp://", "sctp://"];
    let address = all.get(name).map_or("", String::as_str);
    name.ends_with("_PORT") && schemes.iter().any(|scheme| address.starts_with(scheme))
}

/// `…_PORT_8000_TCP`, and the same with `_PROTO`, `_PORT` or `_ADDR`.
fn is_port_of_link(name: &str) -> bool {
    let port = name.rsplit_once("_PORT_").map(|(_, port)| port);
    let Some((port, protocol)) = port.and_then(|port| port.split_once('_')) else {
        return false;
    };
    let (protocol, part) = protocol.split_once('_').unwrap_or((protocol, "ADDR"));
    port.parse::<u16>().is_ok()
        && ["TCP", "UDP", "SCTP"].contains(&protocol)
        && ["PROTO", "PORT", "ADDR"].contains(&part)
}

/// Docker tells the name and the environment of a linked container, beside its ports.
fn is_linked_container(name: &str, all: &BTreeMap<String, String>) -> bool {
    let link = name
        .strip_suffix("_NAME")
        .or_else(|| name.split_once("_ENV_").map(|(link, _)| link));
    link.is_some_and(|link| is_link(&format!("{link}_PORT"), all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injected(pairs: &[(&str, &str)]) -> Vec<String> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let all: BTreeMap<_, _> = pairs.iter().map(own).collect();
        let names = all.keys().filter(|name| is_injected(name, &all));
        names.cloned().collect()
    }

    #[test]
    fn variables_of_kubernetes_and_docker_are_recognised() {
        let all = [
            ("PROFILES_DB_PORT_5432_TCP_ADDR", "10.0.0.2"),
            ("PROFILES_DB_SERVICE_HOST", "10.0.0.2"),
            ("PROFILES_ENV_LANG", "C"),
            ("PROFILES_NAME", "/web/profiles"),
            ("PROFILES_PORT", "tcp://10.0.0.1:8000"),
            ("PROFILES_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
            ("PROFILES_PORT_8000_TCP_PORT", "8000"),
            ("PROFILES_PORT_8000_TCP_PROTO", "tcp"),
            ("PROFILES_PORT_8000_UDP_ADDR", "10.0.0.1"),
            ("PROFILES_SERVICE_HOST", "10.0.0.1"),
            ("PROFILES_SERVICE_PORT", "8000"),
            ("PROFILES_SERVICE_PORT_HTTP_METRICS", "9100"),
        ];
        assert_eq!(injected(&all), all.map(|(name, _)| name));
    }

    #[test]
    fn misspelt_settings_are_not_excused() {
        let all = [
            ("PROFILES_CAMPUS_NAMES", "X"),
            ("PROFILES_ENV_LANG", "C"),
            ("PROFILES_LISTEN_PORT", "8000"),
            ("PROFILES_NAME", "X"),
            ("PROFILES_PORT", "8000"),
            ("PROFILES_PORT_HTTP_TCP", "8000"),
            ("PROFILES_PORT_8000", "8000"),
            ("PROFILES_SERVICE", "x"),
        ];
        assert_eq!(injected(&all), [""; 0]);
    }
}
