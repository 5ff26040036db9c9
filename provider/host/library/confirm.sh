begin
take verb; take nonce; take seconds
end

need_root
confirm
