//! Bytes on a disk and in a bucket.

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use store::{Blobs, ContentHash, S3Place, StoreError};

async fn keeps_bytes(blobs: Blobs) {
    let small = Bytes::from_static(b"a small picture");
    let hash = ContentHash::of(&small);
    blobs.ping().await.expect("a sign of life");
    assert_eq!(blobs.size(&hash).await.expect("an answer"), None);
    assert!(matches!(blobs.read(&hash).await, Err(StoreError::Missing(_))));
    blobs.put(&hash, small.clone()).await.expect("stored");
    blobs.put(&hash, small.clone()).await.expect("stored again");
    assert_eq!(blobs.read(&hash).await.expect("bytes"), small);
    assert_eq!(blobs.size(&hash).await.expect("an answer"), Some(15));
    let part: Vec<Bytes> =
        blobs.stream(&hash, 2..7).await.expect("a stream").try_collect().await.expect("bytes");
    assert_eq!(part.concat(), b"small");

    let large: Vec<u8> = (0..20_000_000_u32).map(|i| (i % 251) as u8).collect();
    let large_hash = ContentHash::of(&large);
    let folder = tempfile::tempdir().expect("a folder");
    let spooled = folder.path().join("upload");
    std::fs::write(&spooled, &large).expect("a file");
    blobs.put_file(&large_hash, &spooled).await.expect("stored");
    assert!(!spooled.exists(), "the file is used up");
    let pieces = blobs.stream(&large_hash, 0..large.len() as u64).await.expect("a stream");
    let back = pieces.try_fold(Vec::new(), |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    });
    assert!(back.await.expect("bytes") == large);

    let mut listed = blobs.list().await.expect("a list");
    listed.sort();
    let mut stored = [hash, large_hash];
    stored.sort();
    assert_eq!(listed, stored);
    blobs.delete(&hash).await.expect("deleted");
    blobs.delete(&hash).await.expect("deleted before");
    assert_eq!(blobs.list().await.expect("a list"), [large_hash]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_keeps_bytes() {
    let (blobs, _folder) = crate::setting::blobs();
    keeps_bytes(blobs).await;
}

async fn bucket() -> (Blobs, testbed::S3Server) {
    let server = testbed::S3Server::start().await.expect("an S3 server");
    let place = S3Place {
        bucket: testbed::BUCKET.into(),
        prefix: "some/where".into(),
        endpoint: Some(server.endpoint()),
        region: "us-east-1".into(),
        access_key: testbed::ACCESS_KEY.into(),
        secret_key: testbed::SECRET_KEY.into(),
    };
    (Blobs::s3(&place).expect("a bucket"), server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_bytes() {
    let (blobs, _server) = bucket().await;
    keeps_bytes(blobs).await;
}

/// A process that dies in the middle, or a caller that goes away, must leave nothing that lies in the bucket for ever.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_cut_off_leaves_no_parts_in_a_bucket() {
    let (blobs, server) = bucket().await;
    let folder = tempfile::tempdir().expect("a folder");
    let large = folder.path().join("large");
    std::fs::File::create(&large).and_then(|file| file.set_len(256 << 20)).expect("a large file");
    let lying = || {
        let entries = std::fs::read_dir(server.folder()).expect("a folder").flatten();
        let known = |entry: std::fs::DirEntry| {
            let bytes = entry.metadata().map_or(0, |facts| if facts.is_file() { facts.len() } else { 0 });
            (entry.file_name().to_string_lossy().into_owned(), bytes)
        };
        entries.map(known).collect::<Vec<_>>()
    };
    let arrived = || lying().iter().map(|(_, bytes)| bytes).sum::<u64>();
    let bytes = Bytes::from(vec![7; 256 << 20]);
    for from_file in [true, false] {
        let (blobs, large, bytes) = (blobs.clone(), large.clone(), bytes.clone());
        let hash = ContentHash::of(b"large");
        let upload = tokio::spawn(async move {
            if from_file { blobs.put_file(&hash, &large).await } else { blobs.put(&hash, bytes).await }
        });
        while arrived() < 12 << 20 {
            assert!(!upload.is_finished(), "it was over before it could be cut off");
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        upload.abort();
        assert!(upload.await.expect_err("cut off").is_cancelled());
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let mut left = lying();
        left.retain(|(name, _)| name.contains("upload"));
        assert_eq!(left, [], "from a file: {from_file}");
    }
}

/// A client may take its time over a large result, as long as it takes some now and then.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes more than two minutes"]
async fn a_slow_reader_gets_all_bytes_of_a_bucket() {
    let (blobs, _server) = bucket().await;
    let folder = tempfile::tempdir().expect("a folder");
    let large = folder.path().join("large");
    std::fs::File::create(&large).and_then(|file| file.set_len(48 << 20)).expect("a large file");
    let hash = ContentHash::of(b"large");
    blobs.put_file(&hash, &large).await.expect("stored");
    let mut stream = blobs.stream(&hash, 0..48 << 20).await.expect("a stream");
    let (mut read, mut pauses) = (0, 5);
    while let Some(piece) = stream.next().await {
        read += piece.expect("a piece").len();
        if pauses > 0 {
            pauses -= 1;
            tokio::time::sleep(std::time::Duration::from_secs(26)).await;
        }
    }
    assert_eq!(read, 48 << 20);
}
