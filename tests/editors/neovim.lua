-- Uses each feature of the server in neovim's built-in client, and prints what came back.
local folder, command = vim.env.NOTES, vim.split(vim.env.SERVER, "\t")
local patience = 180000
vim.cmd("edit " .. vim.fn.fnameescape(folder .. "/courses/plan.md"))
local client = vim.lsp.start_client({ cmd = command, root_dir = folder, name = "notepoint" })
vim.lsp.buf_attach_client(0, client)
local function wait(condition) assert(vim.wait(patience, condition, 50), "nothing came") end
wait(function() return vim.lsp.buf_is_attached(0, client) and #vim.diagnostic.get(0) > 0 end)

local function ask(method, params)
  local answer = vim.lsp.buf_request_sync(0, method, params, patience)
  local found = answer and answer[client]
  assert(found and not found.err, method)
  return found.result
end
local function at(line, column)
  return { textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = line, character = column } }
end
local function name(uri) return vim.fn.fnamemodify(vim.uri_to_fname(uri), ":t") end

print("diagnostic: " .. vim.diagnostic.get(0)[1].message)
print("definition: " .. name(ask("textDocument/definition", at(2, 8)).uri))
print("hover: " .. ask("textDocument/hover", at(2, 8)).contents.value:gsub("\n+", " | "))
print("symbol: " .. ask("workspace/symbol", { query = "discussion of ethics" })[1].name)
print("outline: " .. ask("textDocument/documentSymbol", at(0, 0))[1].name)
local rename = vim.tbl_extend("force", at(2, 8), { newName = "verdict" })
for _, change in ipairs(ask("textDocument/rename", rename).documentChanges) do
  if change.edits then print("rename: " .. change.edits[1].newText) end
end
vim.api.nvim_buf_set_lines(0, -1, -1, false, { "The discussion of ethics is [[" })
local last = vim.api.nvim_buf_line_count(0) - 1
print("completion: " .. ask("textDocument/completion", at(last, 30)).items[1].textEdit.newText)
vim.api.nvim_buf_set_lines(0, -1, -1, false, { "", "[[review#Not there]]" })
wait(function() return #vim.diagnostic.get(0) > 1 end)
print("unsaved: " .. vim.diagnostic.get(0)[2].message)
vim.lsp.stop_client(client)
vim.cmd("qall!")
