;; Uses the server in Emacs' eglot, and prints what came back.
(require 'eglot)
(require 'xref)
(define-derived-mode notes-mode text-mode "Notes")
(add-to-list 'eglot-server-programs
             (cons 'notes-mode (split-string (getenv "SERVER") "\t")))
(setq eglot-sync-connect 180 eglot-connect-timeout 180)
(find-file (concat (getenv "NOTES") "/courses/plan.md"))
(notes-mode)
(setq-local project-find-functions (list (lambda (_) (cons 'transient (getenv "NOTES")))))
(apply #'eglot (list '(notes-mode) (cons 'transient (getenv "NOTES")) 'eglot-lsp-server
                     (split-string (getenv "SERVER") "\t") "notes"))
(let* ((server (eglot-current-server))
       (place (list :textDocument (eglot--TextDocumentIdentifier)
                    :position (list :line 2 :character 8)))
       (target (jsonrpc-request server :textDocument/definition place :timeout 180))
       (hover (jsonrpc-request server :textDocument/hover place :timeout 180))
       (symbols (jsonrpc-request server :workspace/symbol
                                 (list :query "discussion of ethics") :timeout 180)))
  (princ (format "definition: %s\n" (file-name-nondirectory (eglot--uri-to-path (plist-get target :uri)))))
  (princ (format "hover: %s\n" (replace-regexp-in-string
                                "\n+" " | " (plist-get (plist-get hover :contents) :value))))
  (princ (format "symbol: %s\n" (plist-get (aref symbols 0) :name))))
(eglot-shutdown (eglot-current-server))
(kill-emacs)
