"""The doors: parse, call one service, render. They write only by requesting Changes; the worker alone acts."""
