#!/usr/bin/env php
<?php
// Retouches one picture: start, poll, download. PHP 8 with the cURL extension.
//
//     php retouch.php PICTURE [--layers] [--out=FILE] [--base=URL] [--token=TOKEN]
//
// Base URL and token may also come from ATELIER_URL and ATELIER_TOKEN.

declare(strict_types=1);

const BALANCED = [
    ['Plugin' => 'Heal', 'Alpha1' => 1],
    ['Plugin' => 'Fabric', 'Alpha1' => 0.39],
    ['Plugin' => 'Eye Vessels', 'Alpha1' => 1],
    ['Plugin' => 'Eye Brilliance', 'Alpha1' => 0.5],
    ['Plugin' => 'White Teeth', 'Alpha1' => 0.25, 'Alpha2' => 0.25],
    ['Plugin' => 'Dodge Burn', 'Scale' => 2, 'Alpha1' => 1, 'Alpha2' => 0.2],
    ['Plugin' => 'Skin Tone', 'Alpha1' => 1, 'Alpha2' => 1],
    ['Plugin' => 'Portrait Volumes', 'Alpha1' => 0.5],
];
const START_TIMEOUT = 60;
const STATUS_TIMEOUT = 30;
const FILE_TIMEOUT = 120;
const JOB_TIMEOUT = 300;
const TRIES = 3;

/** The network or the server failed: trying again may help. Every other error is final. */
final class Unreachable extends RuntimeException
{
}

/** The bytes of a 200; errors are thrown, told apart by what helps. */
function send(string $url, int $timeout, array $options = []): string
{
    $handle = curl_init($url);
    curl_setopt_array($handle, $options + [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CONNECTTIMEOUT => 10,
        CURLOPT_TIMEOUT => $timeout,
        CURLOPT_FOLLOWLOCATION => true,
    ]);
    $body = curl_exec($handle);
    $code = curl_getinfo($handle, CURLINFO_RESPONSE_CODE);
    if ($body === false) {
        throw new Unreachable(curl_error($handle));
    }
    if ($code === 200) {
        return $body;
    }
    $text = $code . ': ' . (json_decode($body, true)['message'] ?? 'the server gave no reason');
    throw $code >= 500 || $code === 429 ? new Unreachable($text) : new RuntimeException($text);
}

function patiently(callable $work): mixed
{
    for ($attempt = 1;; $attempt++) {
        try {
            return $work();
        } catch (Unreachable $error) {
            if ($attempt === TRIES) {
                throw $error;
            }
            fwrite(STDERR, "trying again: {$error->getMessage()}\n");
            sleep(2 ** ($attempt - 1));
        }
    }
}

/** The JSON of an answer. Its own `status` counts as much as that of HTTP. */
function ask(string $url, int $timeout, array $options = []): array
{
    $answer = json_decode(patiently(fn () => send($url, $timeout, $options)), true, 64, JSON_THROW_ON_ERROR);
    if (($answer['status'] ?? null) !== 200) {
        throw new RuntimeException(($answer['status'] ?? '?') . ': ' . ($answer['message'] ?? 'no reason given'));
    }
    return $answer;
}

function start(string $base, string $token, string $picture, array $payload): array
{
    return ask("$base/api/v1/retoucher/start", START_TIMEOUT, [
        CURLOPT_POST => true,
        CURLOPT_POSTFIELDS => [
            'file' => new CURLFile($picture, posted_filename: basename($picture)),
            'payload' => json_encode($payload, JSON_THROW_ON_ERROR),
        ],
        CURLOPT_HTTPHEADER => [
            "X-Retouch-Token: $token",
            // The same key in every try: a try whose answer was lost is not processed twice.
            'Idempotency-Key: ' . bin2hex(random_bytes(16)),
        ],
    ]);
}

function wait(string $base, string $id): void
{
    $deadline = time() + JOB_TIMEOUT;
    for ($pause = 0.5; time() < $deadline; $pause = min($pause * 1.5, 5)) {
        $status = ask("$base/api/v1/retoucher/status/$id", STATUS_TIMEOUT);
        if ($status['state'] === 'completed') {
            return;
        }
        if ($status['state'] === 'failed') {
            throw new RuntimeException("the job failed: {$status['reason']}");
        }
        $doing = $status['pluginName'] ?: $status['currentStep'];
        fwrite(STDERR, "{$status['state']} {$status['progress']} % $doing\n");
        usleep((int) ($pause * 1_000_000));
    }
    throw new RuntimeException("job $id was not done within " . JOB_TIMEOUT . ' s; ask for it later');
}

/** The kind of the result, told by its first bytes. */
function extension(string $content): string
{
    foreach (['zip' => 'PK', 'png' => "\x89PNG", 'jpg' => "\xff\xd8\xff"] as $extension => $magic) {
        if (str_starts_with($content, $magic)) {
            return $extension;
        }
    }
    throw new RuntimeException('the result is neither a picture nor a ZIP');
}

/** @return array{string, array<string, string|bool>} the picture and the options */
function arguments(array $words): array
{
    $picture = '';
    $options = [];
    foreach ($words as $word) {
        if (preg_match('/^--(layers)$|^--(out|base|token)=(.*)$/', $word, $found)) {
            $options[$found[2] ?? 'layers'] = $found[3] ?? true;
        } else {
            $picture = $word;
        }
    }
    return [$picture, $options];
}

function main(array $words): void
{
    [$picture, $options] = arguments($words);
    $base = rtrim($options['base'] ?? (getenv('ATELIER_URL') ?: 'http://127.0.0.1:8080'), '/');
    $token = $options['token'] ?? (getenv('ATELIER_TOKEN') ?: '');
    if (!is_file($picture)) {
        throw new RuntimeException('name a picture: php retouch.php PICTURE [--layers]');
    }
    if ($token === '') {
        throw new RuntimeException('give --token=TOKEN, or set ATELIER_TOKEN');
    }

    $tasks = isset($options['layers']) ? array_map(fn ($task) => $task + ['Layer' => 1], BALANCED) : BALANCED;
    $started = start($base, $token, $picture, ['mode' => 'professional', 'tasks' => $tasks]);
    fwrite(STDERR, "job {$started['id']}, {$started['retouchQuota']} left today\n");
    wait($base, $started['id']);
    $content = patiently(fn () => send("$base/api/v1/retoucher/getFile/{$started['id']}", FILE_TIMEOUT));
    $kind = extension($content);
    $out = $options['out'] ?? preg_replace('/\.[^.\/]*$/', '', $picture) . "_retouched.$kind";
    if (file_put_contents($out, $content) !== strlen($content)) {
        throw new RuntimeException("cannot write $out");
    }
    echo "$out\n";
}

try {
    main(array_slice($argv, 1));
} catch (Throwable $error) {
    fwrite(STDERR, "retouch.php: {$error->getMessage()}\n");
    exit(1);
}
