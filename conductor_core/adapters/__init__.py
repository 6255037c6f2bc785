"""One room per external system; its client library is imported nowhere else, and foreign errors stop at its wall."""
