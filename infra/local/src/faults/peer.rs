//! Identity of the peer of a local connection.
//!
//! Functions call every service over TCP without naming themselves: a header would be code that
//! only tests need. Linux knows the owner of a socket (proc(5)). On other systems the peer is
//! unknown, and no fault is injected.

use std::{fs, net::SocketAddr};

/// Returns the inode of the socket at `local` that is connected to `remote`. A port may have
/// several connections.
pub(super) fn socket(local: SocketAddr, remote: SocketAddr) -> Option<u64> {
    inode(&fs::read_to_string("/proc/net/tcp").ok()?, local, remote)
}

/// Returns whether a process has this socket open.
pub(super) fn has_socket(pid: u32, inode: u64) -> bool {
    let wanted = format!("socket:[{inode}]");
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    descriptors
        .flatten()
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .any(|target| target.to_str() == Some(wanted.as_str()))
}

/// <https://docs.kernel.org/networking/proc_net_tcp.html>
fn inode(table: &str, local: SocketAddr, remote: SocketAddr) -> Option<u64> {
    let (local, remote) = (printed(local)?, printed(remote)?);
    let fields = table
        .lines()
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>())
        .find(|fields| {
            fields.get(1) == Some(&local.as_str()) && fields.get(2) == Some(&remote.as_str())
        })?;
    fields.get(9)?.parse().ok()
}

/// The kernel prints an address as the number that its bytes form in memory.
fn printed(address: SocketAddr) -> Option<String> {
    let SocketAddr::V4(address) = address else {
        return None;
    };
    let ip = u32::from_ne_bytes(address.ip().octets());
    Some(format!("{ip:08X}:{:04X}", address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_is_found_by_both_addresses() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0
   1: 0100007F:C350 0100007F:1F91 06 00000000:00000000 00:00000000 00000000  1000        0 0 1 0
   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 22 1 0
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 33 1 0
";
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        assert_eq!(inode(table, at(50_000), at(8080)), Some(22));
        assert_eq!(inode(table, at(8080), at(50_000)), Some(33));
        assert_eq!(inode(table, at(50_000), at(1)), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn process_is_found_by_its_socket() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, peer) = listener.accept().unwrap();
        let inode = socket(peer, accepted.local_addr().unwrap()).unwrap();
        assert!(has_socket(std::process::id(), inode));
        drop(client);
        assert!(!has_socket(std::process::id(), inode));
        drop(accepted);
    }
}
