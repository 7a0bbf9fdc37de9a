"""The words: texts in every language, mails with calendar parts, SMS and their segments."""
