require 'no/such/file'
