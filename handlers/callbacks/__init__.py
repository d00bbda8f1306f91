"""The call-back after a sale in chat: begun, answered one question at a time, left and taken up again."""
