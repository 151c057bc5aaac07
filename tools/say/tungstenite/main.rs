// tokio-tungstenite; the TLS of its features.
use futures_util::StreamExt;
use tokio_tungstenite::{connect_async, tungstenite::client::IntoClientRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = std::env::args().nth(1).unwrap().into_client_request()?;
    let key = format!("Bearer {}", std::env::var("OPENAI_API_KEY")?);
    request.headers_mut().insert("Authorization", key.parse()?);
    let (mut socket, _) = match connect_async(request).await {
        Ok(connected) => connected,
        Err(error) => {
            eprintln!("Failed to connect: {error}");
            return Err(error.into());
        }
    };
    while let Some(message) = socket.next().await {
        match message {
            Ok(message) if message.is_close() => println!("{message:?}"),
            Ok(_) => {}
            Err(error) => {
                eprintln!("Error: {error}");
                return Err(error.into());
            }
        }
    }
    Ok(())
}
