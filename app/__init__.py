"""The workbench: what the pages are drawn with. It parses, calls one service and renders; it decides nothing."""
