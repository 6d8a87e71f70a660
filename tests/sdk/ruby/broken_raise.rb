raise ArgumentError, 'at once'
