"""The long work: recipient files, dispatch to carriers, receipts, callbacks, exports."""
