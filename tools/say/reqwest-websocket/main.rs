// reqwest-websocket.
use futures_util::StreamExt;
use reqwest_websocket::{Message, Upgrade};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap();
    let key = std::env::var("OPENAI_API_KEY")?;
    let response = reqwest::Client::default().get(url).bearer_auth(key).upgrade().send().await?;
    let mut socket = response.into_websocket().await?;
    while let Some(message) = socket.next().await {
        if let close @ Message::Close { .. } = message? {
            println!("{close:?}");
        }
    }
    Ok(())
}
