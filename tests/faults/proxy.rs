//! A proxy of a database server, which can go away and come back.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    is_up: Arc<watch::Sender<bool>>,
}

impl Proxy {
    /// Starts a proxy of an address, such as `127.0.0.1:5432`. It runs until the test ends.
    pub(crate) async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let is_up = Arc::new(watch::Sender::new(true));
        let watched = Arc::clone(&is_up);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let mut is_up = watched.subscribe();
                if !*is_up.borrow_and_update() {
                    // Closed at once, as by a server that shuts down.
                    continue;
                }
                let server = server.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = forward(client, &server) => {}
                        _ = is_up.wait_for(|is_up| !is_up) => {}
                    }
                });
            }
        });
        Self { address, is_up }
    }

    /// Cuts every connection, and accepts no other until it is back.
    pub(crate) fn set_up(&self, is_up: bool) {
        self.is_up.send_replace(is_up);
    }
}

async fn forward(mut client: TcpStream, server: &str) {
    if let Ok(mut server) = TcpStream::connect(server).await {
        // Either side may close the connection at any moment.
        let _closed = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}
