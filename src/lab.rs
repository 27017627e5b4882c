//! The demo world: stand-ins for the remote systems, over real HTTP on loopback, from scenario files.
