//! An address that leads to one server after another, as a virtual address or a proxy in front of them does.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The address.
pub(crate) struct Address {
    address: SocketAddr,
    target: Arc<watch::Sender<String>>,
}

impl Address {
    /// An address that leads to a server, such as `127.0.0.1:5432`, until the test ends.
    pub(crate) async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let target = Arc::new(watch::Sender::new(server));
        let watched = Arc::clone(&target);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let mut target = watched.subscribe();
                tokio::spawn(async move {
                    let server = target.borrow_and_update().clone();
                    tokio::select! {
                        () = forward(client, &server) => {}
                        _ = target.changed() => {}
                    }
                });
            }
        });
        Self { address, target }
    }

    /// The URL of a database behind it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.address)
    }

    /// Cuts every connection, and leads to another server from now on.
    pub(crate) fn lead_to(&self, server: String) {
        self.target.send_replace(server);
    }
}

async fn forward(mut client: TcpStream, server: &str) {
    if let Ok(mut server) = TcpStream::connect(server).await {
        // Either side may close the connection at any moment.
        let _closed = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}
