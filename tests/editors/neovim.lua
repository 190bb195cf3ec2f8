-- Uses each feature of the server in neovim's built-in client, and prints what came back.
local folder, command = vim.env.NOTES, vim.split(vim.env.SERVER, "\t")
local patience = 180000
vim.cmd("edit " .. vim.fn.fnameescape(folder .. "/courses/plan.md"))
local start = { cmd = command, root_dir = folder, name = "notepoint" }
-- neovim 0.8 has start(), 0.7 start_client().
local client = vim.lsp.start and vim.lsp.start(start) or vim.lsp.start_client(start)
vim.lsp.buf_attach_client(0, client)
local function wait(condition, what) assert(vim.wait(patience, condition, 50), what .. " did not come") end
local function problems() return vim.diagnostic.get(0) end
wait(function() return vim.lsp.buf_is_attached(0, client) and #problems() > 0 end, "a diagnostic")

local function say(what, value) io.stdout:write(what .. ": " .. tostring(value) .. "\n") end
local function ask(method, params)
  local answer = vim.lsp.buf_request_sync(0, method, params, patience)
  local found = answer and answer[client]
  assert(found and not (found.err or found.error), method)
  return found.result
end
local function at(line, column)
  return { textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = line, character = column } }
end
local function name(uri) return vim.fn.fnamemodify(vim.uri_to_fname(uri), ":t") end
local function append(lines)
  vim.api.nvim_buf_set_lines(0, -1, -1, false, lines)
  return vim.api.nvim_buf_line_count(0) - 1
end
local function completed(line)
  local last = append({ line })
  local edit = ask("textDocument/completion", at(last, #line)).items[1].textEdit
  vim.lsp.util.apply_text_edits({ edit }, vim.api.nvim_get_current_buf(), "utf-16")
  return vim.api.nvim_buf_get_lines(0, last, last + 1, false)[1]
end

say("diagnostic", problems()[1].message)
say("definition", name(ask("textDocument/definition", at(2, 8)).uri))
-- As a user does it: the cursor jumps to the note.
vim.api.nvim_win_set_cursor(0, { 3, 8 })
vim.lsp.buf.definition()
wait(function() return vim.fn.expand("%:t") == "review.md" end, "the note")
say("jump", vim.fn.expand("%:t") .. ":" .. vim.fn.line("."))
vim.cmd("buffer " .. vim.fn.bufnr(folder .. "/courses/plan.md"))
local context = { context = { includeDeclaration = true } }
for _, one in ipairs(ask("textDocument/references", vim.tbl_extend("force", at(2, 8), context))) do
  say("reference", name(one.uri) .. ":" .. one.range.start.line + 1)
end
say("hover", (ask("textDocument/hover", at(2, 8)).contents.value:gsub("\n+", " | ")))
say("related", (ask("textDocument/hover", at(4, 4)).contents.value:gsub("\n+.*", "")))
say("symbol", ask("workspace/symbol", { query = "discussion of ethics" })[1].name)
say("outline", ask("textDocument/documentSymbol", at(0, 0))[1].name)
local lens = ask("textDocument/codeLens", at(0, 0))[1]
say("lens", ask("codeLens/resolve", lens).command.title)
say("completion by name", completed("See [[seq"))
say("completion by alias", completed("See [[rnn"))
say("completion by meaning", completed("The discussion of ethics is [["))
say("completion of a path", completed("See [it](revi"))
local line = append({ "", "[[review#Not there]] and [../review.md](the review)" })
wait(function() return #problems() > 2 end, "the problems of the draft")
for _, one in ipairs(problems()) do
  if one.lnum == line then say("unsaved", one.message) end
end
local reversed = vim.tbl_filter(function(one) return one.message:match("wrongly") end, problems())[1]
vim.ui.select = function(choices, options, choose)
  local action = choices[1].action or choices[1][2]
  say("action", action.title)
  choose(choices[1])
end
local before = vim.api.nvim_buf_get_lines(0, line, line + 1, false)[1]
vim.api.nvim_win_set_cursor(0, { reversed.lnum + 1, reversed.col + 1 })
vim.lsp.buf.code_action()
wait(function() return vim.api.nvim_buf_get_lines(0, line, line + 1, false)[1] ~= before end, "the fix")
say("fixed", vim.api.nvim_buf_get_lines(0, line, line + 1, false)[1])
vim.cmd("silent write")
local rename = vim.tbl_extend("force", at(2, 8), { newName = "verdict" })
vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", rename), "utf-16")
vim.cmd("silent wall")
say("link", vim.api.nvim_buf_get_lines(vim.fn.bufnr(folder .. "/courses/plan.md"), 2, 3, false)[1])
say("renamed", table.concat(vim.tbl_filter(function(file)
  return vim.fn.filereadable(folder .. "/" .. file) == 1
end, { "review.md", "verdict.md" }), " "))
vim.lsp.stop_client(client)
vim.cmd("qall!")
