"""WeChat official accounts and WeCom applications, simulated from the platform's side.

The sandbox is a process of its own (`python -m bot.sandbox --config FILE`). It answers the platforms' server APIs,
pushes callbacks to the bot, and keeps a record of what reached whom. It shares no code with the bot's channels: a
mistake made in both cannot hide behind the other.
"""
