"""The vocabulary and what people author: message shapes, texts, menus, answers; imports nothing of ours."""
