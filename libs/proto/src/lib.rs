//! Messages, clients and servers generated from `proto/`, and the descriptors behind reflection.

pub mod convert;
mod rpcs;

pub use prost::Message;
pub use rpcs::{Rpc, rpcs};

/// The file descriptor set of everything in `proto/`, with comments.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

macro_rules! package {
    ($service:ident) => {
        pub mod $service {
            pub mod v1 {
                #![allow(clippy::all, clippy::pedantic, missing_docs)] // generated
                include!(concat!(env!("OUT_DIR"), "/siegel.", stringify!($service), ".v1.rs"));
                include!(concat!(
                    env!("OUT_DIR"),
                    "/siegel.",
                    stringify!($service),
                    ".v1.serde.rs"
                ));
            }
        }
    };
}

// The names of protobuf packages are the module path the generated code refers to.
package!(common);
package!(identity);
package!(account);
package!(organisation);
package!(postbox);
package!(eid);
package!(notification);
